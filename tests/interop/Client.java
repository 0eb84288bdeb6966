// SPDX-License-Identifier: Apache-2.0
// java Client.java URL HTTP_1_1|HTTP_2 [CERTIFICATE]: 200 requests, 20 at a time, and the protocol
// that the answers came by. Fails when one is not 200, or not by the protocol that TLS can choose.
import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Client {
  public static void main(String[] arguments) throws Exception {
    HttpClient.Version version = HttpClient.Version.valueOf(arguments[1]);
    HttpClient.Builder builder = HttpClient.newBuilder().version(version);
    if (arguments.length > 2) builder.sslContext(trusting(arguments[2]));
    HttpClient client = builder.build();
    HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[0])).build();
    for (int round = 0; round < 10; ++round) {
      ArrayList<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
      for (int i = 0; i < 20; ++i) {
        answers.add(client.sendAsync(request, HttpResponse.BodyHandlers.ofString()));
      }
      for (CompletableFuture<HttpResponse<String>> answer : answers) {
        HttpResponse<String> response = answer.get();
        if (response.statusCode() != 200 || response.body().isEmpty()) {
          throw new IllegalStateException("status " + response.statusCode());
        }
        boolean byTls = arguments.length > 2;
        if (byTls && response.version() != version) {
          throw new IllegalStateException("by " + response.version());
        }
      }
    }
    System.out.println("200 answers");
    System.exit(0);
  }

  static SSLContext trusting(String certificate) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (FileInputStream in = new FileInputStream(certificate)) {
      store.setCertificateEntry("ours",
          CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }
}
