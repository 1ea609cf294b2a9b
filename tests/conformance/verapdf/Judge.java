// veraPDF's verdict on files: `java Judge.java FLAVOUR FILE ...` prints, tab-separated, a line a file
// (file, "compliant" or "faulty", checks made) and below it one a broken rule (clause-test, times, meaning, first place).

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

public final class Judge {
    public static void main(String[] words) throws Exception {
        Logger.getLogger("").setLevel(Level.SEVERE);
        VeraGreenfieldFoundryProvider.initialise();
        PDFAFlavour flavour = PDFAFlavour.fromString(words[0]);
        if (flavour == PDFAFlavour.NO_FLAVOUR) {
            throw new IllegalArgumentException("no flavour: " + words[0]);
        }
        for (int i = 1; i < words.length; i++) {
            judge(flavour, Path.of(words[i]));
        }
    }

    private static void judge(PDFAFlavour flavour, Path file) throws Exception {
        try (var parser = Foundries.defaultInstance().createParser(file.toFile(), flavour);
                var validator = Foundries.defaultInstance().createValidator(flavour, false)) {
            ValidationResult result = validator.validate(parser);
            line(file, result.isCompliant() ? "compliant" : "faulty", result.getTotalAssertions());
            Map<String, TestAssertion> first = new LinkedHashMap<>();
            for (TestAssertion assertion : result.getTestAssertions()) {
                if (assertion.getStatus() == TestAssertion.Status.FAILED) {
                    first.putIfAbsent(name(assertion), assertion);
                }
            }
            Map<String, Integer> times = new LinkedHashMap<>();
            result.getFailedChecks().forEach((rule, count) ->
                    times.put(rule.getClause() + "-" + rule.getTestNumber(), count));
            first.forEach((rule, broken) ->
                    line("", rule, times.get(rule), broken.getMessage(), broken.getLocation().getContext()));
        }
    }

    private static String name(TestAssertion assertion) {
        return assertion.getRuleId().getClause() + "-" + assertion.getRuleId().getTestNumber();
    }

    private static void line(Object... cells) {
        StringBuilder out = new StringBuilder();
        for (Object cell : cells) {
            out.append(cell == cells[0] ? "" : "\t");
            out.append(String.valueOf(cell).replaceAll("\\s+", " "));
        }
        System.out.println(out);
    }
}
