import java.io.File;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.security.Security;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.apache.pdfbox.cos.COSArray;
import org.apache.pdfbox.cos.COSDictionary;
import org.apache.pdfbox.cos.COSName;
import org.apache.pdfbox.cos.COSStream;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.PDSignature;
import org.bouncycastle.asn1.ASN1InputStream;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.ess.SigningCertificateV2;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.CertificateStatus;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.tsp.TimeStampToken;

/** Judges signed PDFs by PDFBox and Bouncy Castle: `Judge ROOT.pem FILE.pdf ...`, one line a file of what holds. */
public class Judge {
    private static X509Certificate root;

    public static void main(String[] words) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        root = (X509Certificate) CertificateFactory.getInstance("X.509")
            .generateCertificate(Files.newInputStream(new File(words[0]).toPath()));
        for (String name : Arrays.copyOfRange(words, 1, words.length)) {
            String said;
            try {
                said = String.join(" ", judge(new File(name)));
            } catch (Exception e) {
                said = "FAULT " + e;
            }
            System.out.println(new File(name).getName() + "\t" + said);
        }
    }

    private static List<String> judge(File file) throws Exception {
        byte[] data = Files.readAllBytes(file.toPath());
        List<String> held = new ArrayList<>();
        try (PDDocument document = PDDocument.load(data)) {
            for (PDSignature signature : document.getSignatureDictionaries()) {
                byte[] covered = signature.getSignedContent(data);
                byte[] cms = trimmed(signature.getContents(data));
                if ("ETSI.RFC3161".equals(signature.getSubFilter())) {
                    token(new CMSSignedData(cms), covered);
                    held.add("stamp");
                } else {
                    SignerInformation signer = detached(new CMSSignedData(new CMSProcessableByteArray(covered), cms));
                    held.add("seal");
                    if (signer.getUnsignedAttributes() != null) {
                        Attribute found = signer.getUnsignedAttributes().get(PKCSObjectIdentifiers.id_aa_signatureTimeStampToken);
                        ContentInfo inner = ContentInfo.getInstance(found.getAttrValues().getObjectAt(0));
                        token(new CMSSignedData(inner), signer.getSignature());
                        held.add("token");
                    }
                }
            }
            COSDictionary store = (COSDictionary) document.getDocumentCatalog().getCOSObject().getDictionaryObject("DSS");
            if (store != null) {
                held.add(answers(store) + " answers");
            }
        }
        return held;
    }

    /** The octets of the DER element that the padded string begins with. */
    private static byte[] trimmed(byte[] padded) throws Exception {
        try (ASN1InputStream in = new ASN1InputStream(padded)) {
            return in.readObject().getEncoded("DER");
        }
    }

    private static SignerInformation detached(CMSSignedData signed) throws Exception {
        SignerInformation signer = signed.getSignerInfos().getSigners().iterator().next();
        X509CertificateHolder own = own(signed, signer);
        if (!signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(own))) {
            throw new Exception("the signature does not hold");
        }
        Attribute ess = signer.getSignedAttributes().get(PKCSObjectIdentifiers.id_aa_signingCertificateV2);
        byte[] named = SigningCertificateV2.getInstance(ess.getAttrValues().getObjectAt(0)).getCerts()[0].getCertHash();
        if (!Arrays.equals(named, MessageDigest.getInstance("SHA-256").digest(own.getEncoded()))) {
            throw new Exception("another certificate is named");
        }
        path(own, signed.getCertificates().getMatches(null));
        return signer;
    }

    private static void token(CMSSignedData signed, byte[] octets) throws Exception {
        TimeStampToken token = new TimeStampToken(signed);
        X509CertificateHolder own = (X509CertificateHolder) token.getCertificates().getMatches(token.getSID()).iterator().next();
        token.validate(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(own));
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(octets);
        if (!Arrays.equals(token.getTimeStampInfo().getMessageImprintDigest(), digest)) {
            throw new Exception("the token is for something else");
        }
        path(own, token.getCertificates().getMatches(null));
    }

    /** How many OCSP answers of the store are signed by the responder they bring along and say "good". */
    private static int answers(COSDictionary store) throws Exception {
        COSArray found = (COSArray) store.getDictionaryObject("OCSPs");
        for (int n = 0; n < found.size(); n++) {
            byte[] der = ((COSStream) found.getObject(n)).createInputStream().readAllBytes();
            BasicOCSPResp answer = (BasicOCSPResp) new OCSPResp(der).getResponseObject();
            X509CertificateHolder responder = answer.getCerts()[0];
            if (!answer.isSignatureValid(new JcaContentVerifierProviderBuilder().setProvider("BC").build(responder))
                    || answer.getResponses()[0].getCertStatus() != CertificateStatus.GOOD) {
                throw new Exception("an OCSP answer does not hold");
            }
            List<X509CertificateHolder> all = new ArrayList<>(List.of(responder));
            COSArray certificates = (COSArray) store.getDictionaryObject(COSName.getPDFName("Certs"));
            for (int m = 0; m < certificates.size(); m++) {
                byte[] other = ((COSStream) certificates.getObject(m)).createInputStream().readAllBytes();
                all.add(new X509CertificateHolder(other));
            }
            path(responder, all);
        }
        return found.size();
    }

    private static X509CertificateHolder own(CMSSignedData signed, SignerInformation signer) {
        return (X509CertificateHolder) signed.getCertificates().getMatches(signer.getSID()).iterator().next();
    }

    private static void path(X509CertificateHolder own, Collection<X509CertificateHolder> others) throws Exception {
        JcaX509CertificateConverter converter = new JcaX509CertificateConverter().setProvider("BC");
        List<X509Certificate> all = new ArrayList<>();
        for (X509CertificateHolder other : others) {
            all.add(converter.getCertificate(other));
        }
        X509CertSelector target = new X509CertSelector();
        target.setCertificate(converter.getCertificate(own));
        PKIXBuilderParameters wanted = new PKIXBuilderParameters(Set.of(new TrustAnchor(root, null)), target);
        wanted.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(all)));
        wanted.setRevocationEnabled(false);
        CertPathBuilder.getInstance("PKIX", "BC").build(wanted);
    }
}
