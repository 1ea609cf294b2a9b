import fcntl
import os
import socket
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from docsvc.adapters.office.profile import FONT_CACHE, SETTINGS, Profile, clear_stale, fonts_conf, registry


@pytest.fixture
def profile(tmp_path):
    made = Profile(tmp_path / "profiles", [Path("/fonts & more")], ["仿宋"])
    yield made
    made.remove()


def test_each_profile_is_a_folder_of_its_own(profile, tmp_path):
    other = Profile(tmp_path / "profiles", [], [])
    assert other.folder != profile.folder
    assert profile.folder.is_dir()
    other.remove()
    assert not other.folder.exists()
    assert profile.folder.is_dir()


def test_nobody_else_may_look_into_it(profile):
    assert profile.folder.parent.stat().st_mode & 0o777 == 0o700


def test_a_held_profile_is_not_stale(profile):
    assert clear_stale(profile.folder.parent) == 0
    assert profile.folder.is_dir()


def test_a_profile_that_nobody_holds_is_cleared_with_its_sockets(profile):
    bound = profile.folder.parent / "OSL_PIPE_0_x"
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(bound))
    profile.note_sockets([str(bound), str(profile.fonts_conf), "/nowhere/OSL_PIPE_0_y"])
    profile.forget()
    assert clear_stale(profile.folder.parent) == 1
    assert not profile.folder.exists()
    assert not bound.exists()


def test_only_sockets_of_an_office_are_taken_away(profile):
    kept = profile.folder.parent / "other.sock"
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(kept))
    plain = profile.folder.parent / "OSL_PIPE_0_file"
    plain.write_text("no socket")
    profile.note_sockets([str(kept), str(plain)])
    profile.remove()
    assert kept.exists()
    assert plain.exists()


def test_a_child_that_inherits_the_lock_holds_it_too(profile):
    inherited = os.dup(profile.lock_fd)
    profile.forget()
    assert clear_stale(profile.folder.parent) == 0
    os.close(inherited)
    assert clear_stale(profile.folder.parent) == 1


def test_a_new_profile_clears_what_the_dead_left(tmp_path):
    left = Profile(tmp_path, [], [])
    left.forget()
    new = Profile(tmp_path, [], [])
    assert not left.folder.exists()
    new.remove()


def test_the_lock_is_really_held(profile):
    with profile.folder.with_suffix(".lock").open("rb") as f, pytest.raises(BlockingIOError):
        fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_removing_twice_is_no_fault(tmp_path):
    made = Profile(tmp_path, [], [])
    made.remove()
    made.forget()


def test_the_environment_is_the_profile_s_own(profile, monkeypatch):
    monkeypatch.setenv("DOCSVC_KEY_PASSWORD", "secret")
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:1")
    environment = profile.environment
    assert environment["HOME"] == str(profile.folder)
    assert environment["FONTCONFIG_FILE"] == str(profile.fonts_conf)
    assert not {"DOCSVC_KEY_PASSWORD", "http_proxy"} & environment.keys()


def test_fontconfig_knows_the_given_folders_alone():
    root = ET.fromstring(
        fonts_conf([Path("/a&b"), Path("/c")], ["仿 <宋>", "Noto"], Path("/cache")).split("\n", 2)[2]
    )
    assert [d.text for d in root.iter("dir")] == ["/a&b", "/c"]
    assert [d.text for d in root.iter("cachedir")] == ["/cache"]
    assert [s.text for s in root.find("match").iter("string")] == ["仿 <宋>", "Noto"]
    assert [s.text for s in root.find("selectfont/acceptfont").iter("string")] == ["仿 <宋>", "Noto"]
    assert not list(root.iter("include"))


def test_without_families_every_font_of_the_folders_counts():
    plain = fonts_conf([], [], Path("/cache"))
    assert "<match" not in plain
    assert "<selectfont" not in plain


def test_the_font_cache_outlives_the_profile(profile):
    assert f"<cachedir>{profile.folder.parent / FONT_CACHE}</cachedir>" in profile.fonts_conf.read_text()


def test_settings_become_one_item_each():
    ns = {"oor": "{http://openoffice.org/2001/registry}"}
    root = ET.fromstring(registry({"/a['b']": {"x": ("int", "1"), "y": ("string", "<&>")}}).split("\n", 1)[1])
    items = [(i.get(ns["oor"] + "path"), i[0].get(ns["oor"] + "name"), i[0][0].text) for i in root]
    assert items == [("/a['b']", "x", "1"), ("/a['b']", "y", "<&>")]


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("/org.openoffice.Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
        ("/org.openoffice.Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
        ("/org.openoffice.Office.Writer/Content/Update", "Link", "0"),
        ("/org.openoffice.Office.Common/Misc", "CrashReport", "false"),
    ],
)
def test_what_must_be_off_is_off(path, name, value):
    assert SETTINGS[path][name][1] == value
