// Signing by hand: takes the token out of the address, and keeps a pad on which strokes are drawn.
"use strict";

const opening = document.getElementById("open");
if (opening) {
  const token = location.hash.slice(1);
  document.getElementById("token").value = token;
  history.replaceState(null, "", location.pathname);  // it stands in no history, and in no address bar
  if (token) opening.requestSubmit();
  else {
    document.getElementById("opening").hidden = true;
    document.getElementById("no-link").hidden = false;
    opening.querySelector("button").hidden = true;
  }
}

const pad = document.getElementById("pad");
if (pad) {
  const WIDTH = 1200, HEIGHT = 480, INK = "#10214d";
  const pen = pad.getContext("2d"), kept = document.getElementById("strokes");
  let strokes = [], current = null;
  pad.width = WIDTH;
  pad.height = HEIGHT;
  try { strokes = JSON.parse(kept.value || "[]"); } catch { strokes = []; }

  const draw = () => {
    pen.clearRect(0, 0, WIDTH, HEIGHT);
    pen.strokeStyle = pen.fillStyle = INK;
    pen.lineWidth = 9;
    pen.lineCap = pen.lineJoin = "round";
    for (const points of strokes) {
      pen.beginPath();
      if (points.length === 1) pen.arc(points[0][0], points[0][1], 5, 0, 7), pen.fill();
      else {
        pen.moveTo(...points[0]);
        for (let n = 1; n < points.length - 1; n++) {
          const [x, y] = points[n], [u, v] = points[n + 1];
          pen.quadraticCurveTo(x, y, (x + u) / 2, (y + v) / 2);
        }
        pen.lineTo(...points[points.length - 1]);
        pen.stroke();
      }
    }
  };
  const point = (event) => {
    const box = pad.getBoundingClientRect();
    return [Math.round((event.clientX - box.left) * WIDTH / box.width),
            Math.round((event.clientY - box.top) * HEIGHT / box.height)];
  };
  pad.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    pad.setPointerCapture(event.pointerId);
    current = [point(event)];
    strokes.push(current);
    document.getElementById("pad-empty").hidden = true;
    draw();
  });
  pad.addEventListener("pointermove", (event) => {
    if (!current) return;
    event.preventDefault();
    for (const each of event.getCoalescedEvents?.() ?? [event]) current.push(point(each));
    draw();
  });
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => { current = null; });
  document.getElementById("undo").addEventListener("click", () => { strokes.pop(); draw(); });
  document.getElementById("clear").addEventListener("click", () => { strokes = []; draw(); });
  document.getElementById("pad-form").addEventListener("submit", (event) => {
    if (!strokes.some((points) => points.length > 2)) {
      event.preventDefault();
      document.getElementById("pad-empty").hidden = false;
      pad.scrollIntoView({ block: "center" });
      return;
    }
    document.getElementById("picture").value = pad.toDataURL("image/png");
    kept.value = JSON.stringify(strokes);
    document.getElementById("give").disabled = true;
  });
  draw();
}
