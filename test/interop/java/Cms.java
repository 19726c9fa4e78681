import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.List;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.operator.jcajce.JcaAlgorithmParametersConverter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/** CMS by BouncyCastle: reads commands from standard input, one a line, fields separated by tabs; answers each with a line. */
public class Cms {
  public static void main(String[] args) throws Exception {
    Security.addProvider(new BouncyCastleProvider());
    for (String line : new String(System.in.readAllBytes()).split("\n")) {
      if (line.isEmpty()) continue;
      String answer;
      try {
        answer = run(line.split("\t"));
      } catch (Throwable error) {
        answer = "failed: " + String.valueOf(error.getMessage()).replace('\n', ' ') + " " + error.getClass().getSimpleName();
      }
      System.out.println(answer);
    }
  }

  static byte[] read(String path) throws Exception {
    return Files.readAllBytes(Path.of(path));
  }

  static X509Certificate certificate(String path) throws Exception {
    return (X509Certificate) CertificateFactory.getInstance("X.509", "BC").generateCertificate(new ByteArrayInputStream(read(path)));
  }

  static PrivateKey key(String path, String algorithm) throws Exception {
    return KeyFactory.getInstance(algorithm, "BC").generatePrivate(new PKCS8EncodedKeySpec(read(path)));
  }

  static String run(String[] a) throws Exception {
    switch (a[0]) {
      case "verify": return verify(read(a[1]), a[2].equals("-") ? null : read(a[2]));
      case "sign": return sign(certificate(a[1]), key(a[2], a[3]), a[4], read(a[5]), a[6], a[7].equals("opaque"));
      case "decrypt": return decrypt(read(a[1]), key(a[2], a[3]), a[4]);
      case "encrypt": return encrypt(certificate(a[1]), read(a[2]), a[3], a[4], a[5]);
      default: throw new IllegalArgumentException(a[0]);
    }
  }

  static String verify(byte[] cms, byte[] content) throws Exception {
    CMSSignedData data = content == null ? new CMSSignedData(cms) : new CMSSignedData(new CMSProcessableByteArray(content), cms);
    for (SignerInformation signer : data.getSignerInfos().getSigners()) {
      @SuppressWarnings("unchecked")
      X509CertificateHolder holder = (X509CertificateHolder) data.getCertificates().getMatches(signer.getSID()).iterator().next();
      if (!signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(holder))) return "bad";
    }
    return "ok";
  }

  static String sign(X509Certificate certificate, PrivateKey key, String algorithm, byte[] content, String out, boolean opaque) throws Exception {
    CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
    generator.addSignerInfoGenerator(
      new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().setProvider("BC").build())
        .build(new JcaContentSignerBuilder(algorithm).setProvider("BC").build(key), certificate));
    generator.addCertificates(new JcaCertStore(List.of(certificate)));
    Files.write(Path.of(out), generator.generate(new CMSProcessableByteArray(content), opaque).getEncoded());
    return "ok";
  }

  static String decrypt(byte[] cms, PrivateKey key, String out) throws Exception {
    RecipientInformationStore recipients;
    try {
      recipients = new CMSEnvelopedData(cms).getRecipientInfos();
    } catch (CMSException | RuntimeException error) {
      recipients = new CMSAuthEnvelopedData(cms).getRecipientInfos();
    }
    RecipientInformation recipient = recipients.getRecipients().iterator().next();
    byte[] plain = recipient instanceof KeyTransRecipientInformation
      ? recipient.getContent(new JceKeyTransEnvelopedRecipient(key).setProvider("BC"))
      : recipient.getContent(new JceKeyAgreeEnvelopedRecipient(key).setProvider("BC"));
    Files.write(Path.of(out), plain);
    return "ok";
  }

  static ASN1ObjectIdentifier cipher(String name) {
    switch (name) {
      case "aes-128-cbc": return CMSAlgorithm.AES128_CBC;
      case "aes-192-cbc": return CMSAlgorithm.AES192_CBC;
      case "aes-256-cbc": return CMSAlgorithm.AES256_CBC;
      case "aes-128-gcm": return NISTObjectIdentifiers.id_aes128_GCM;
      case "aes-256-gcm": return NISTObjectIdentifiers.id_aes256_GCM;
      case "des-ede3-cbc": return CMSAlgorithm.DES_EDE3_CBC;
      default: throw new IllegalArgumentException(name);
    }
  }

  /** transport: pkcs1, oaep (SHA-256 for both), oaep-mixed (MGF1 with SHA-1), or the name of an ECDH scheme in CMSAlgorithm. */
  static String encrypt(X509Certificate certificate, byte[] content, String cipher, String transport, String out) throws Exception {
    RecipientInfoGenerator recipient;
    if (transport.equals("pkcs1")) {
      recipient = new JceKeyTransRecipientInfoGenerator(certificate).setProvider("BC");
    } else if (transport.startsWith("oaep")) {
      MGF1ParameterSpec mgf = transport.equals("oaep") ? MGF1ParameterSpec.SHA256 : MGF1ParameterSpec.SHA1;
      OAEPParameterSpec parameters = new OAEPParameterSpec("SHA-256", "MGF1", mgf, PSource.PSpecified.DEFAULT);
      recipient = new JceKeyTransRecipientInfoGenerator(certificate,
        new JcaAlgorithmParametersConverter().getAlgorithmIdentifier(PKCSObjectIdentifiers.id_RSAES_OAEP, parameters)).setProvider("BC");
    } else {
      ASN1ObjectIdentifier scheme = (ASN1ObjectIdentifier) CMSAlgorithm.class.getField(transport).get(null);
      java.security.KeyPairGenerator generator = java.security.KeyPairGenerator.getInstance("EC", "BC");
      generator.initialize(((java.security.interfaces.ECPublicKey) certificate.getPublicKey()).getParams());
      java.security.KeyPair pair = generator.generateKeyPair();
      recipient = new JceKeyAgreeRecipientInfoGenerator(scheme, pair.getPrivate(), pair.getPublic(), CMSAlgorithm.AES256_WRAP)
        .addRecipient(certificate).setProvider("BC");
    }
    OutputEncryptor encryptor = new JceCMSContentEncryptorBuilder(cipher(cipher)).setProvider("BC").build();
    byte[] encoded;
    if (cipher.endsWith("gcm")) {
      CMSAuthEnvelopedDataGenerator generator = new CMSAuthEnvelopedDataGenerator();
      generator.addRecipientInfoGenerator(recipient);
      encoded = generator.generate(new CMSProcessableByteArray(content), (OutputAEADEncryptor) encryptor).getEncoded();
    } else {
      CMSEnvelopedDataGenerator generator = new CMSEnvelopedDataGenerator();
      generator.addRecipientInfoGenerator(recipient);
      encoded = generator.generate(new CMSProcessableByteArray(content), encryptor).getEncoded();
    }
    Files.write(Path.of(out), encoded);
    return "ok";
  }
}
