import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Security;
import java.util.Collection;
import java.util.Date;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.gm.GMObjectIdentifiers;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.ContentVerifierProvider;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;

/**
 * Judges the last signature of PDF files by BouncyCastle, as SM2 with SM3: `Judge ROOT.pem FILE.pdf...` prints a line
 * a file, "holds", or what does not. It reads the byte range off the file itself and knows nothing of docsvc.
 */
public class Judge {
    private static final Pattern RANGE = Pattern.compile("/ByteRange\\s*\\[\\s*(\\d+)\\s+(\\d+)\\s+(\\d+)\\s+(\\d+)\\s*\\]");

    public static void main(String[] words) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        X509CertificateHolder root;
        try (var reader = Files.newBufferedReader(Path.of(words[0]));
                var parser = new org.bouncycastle.openssl.PEMParser(reader)) {
            root = (X509CertificateHolder) parser.readObject();
        }
        for (int i = 1; i < words.length; i++) {
            String said;
            try {
                said = judge(Files.readAllBytes(Path.of(words[i])), root);
            } catch (Exception e) {
                said = "unreadable: " + e;
            }
            System.out.println(said);
        }
    }

    private static String judge(byte[] pdf, X509CertificateHolder root) throws Exception {
        Matcher found = RANGE.matcher(new String(pdf, StandardCharsets.ISO_8859_1));
        int[] range = null;
        while (found.find()) {
            range = new int[] {number(found, 1), number(found, 2), number(found, 3), number(found, 4)};
        }
        if (range == null || range[0] != 0 || range[2] + range[3] != pdf.length) {
            return "the byte range does not cover the file";
        }
        byte[] covered = new byte[range[1] + range[3]];
        System.arraycopy(pdf, 0, covered, 0, range[1]);
        System.arraycopy(pdf, range[2], covered, range[1], range[3]);
        String digits = new String(pdf, range[1] + 1, range[2] - range[1] - 2, StandardCharsets.US_ASCII);
        byte[] padded = org.bouncycastle.util.encoders.Hex.decode(digits);
        // The DER element alone, without the zeros behind it.
        byte[] der = new org.bouncycastle.asn1.ASN1InputStream(new ByteArrayInputStream(padded)).readObject().getEncoded();

        CMSSignedData cms = new CMSSignedData(new CMSProcessableByteArray(covered), der);
        Collection<SignerInformation> signers = cms.getSignerInfos().getSigners();
        if (signers.size() != 1) {
            return signers.size() + " signers";
        }
        SignerInformation signer = signers.iterator().next();
        if (!signer.getEncryptionAlgOID().equals(GMObjectIdentifiers.sm2sign_with_sm3.getId())
                || !signer.getDigestAlgOID().equals(GMObjectIdentifiers.sm3.getId())) {
            return "not SM2 with SM3: " + signer.getEncryptionAlgOID() + ", " + signer.getDigestAlgOID();
        }
        @SuppressWarnings("unchecked")
        Collection<X509CertificateHolder> own = cms.getCertificates().getMatches(signer.getSID());
        if (own.size() != 1) {
            return "the signer's certificate is not there";
        }
        X509CertificateHolder certificate = own.iterator().next();
        // Digest of the content against the attribute, and the value over the attributes.
        if (!signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(certificate))) {
            return "the signature value does not hold";
        }
        ContentVerifierProvider issuer = new JcaContentVerifierProviderBuilder().setProvider("BC").build(root);
        if (!certificate.getIssuer().equals(root.getSubject())
                || !certificate.isSignatureValid(issuer)
                || !root.isSignatureValid(issuer)
                || !certificate.isValidOn(new Date())) {
            return "the certificate is not of this root";
        }
        return "holds";
    }

    private static int number(Matcher found, int group) {
        return Integer.parseInt(found.group(group));
    }
}
