import com.nimbusds.jose.util.JSONObjectUtils;
import com.nimbusds.oauth2.sdk.AccessTokenResponse;
import com.nimbusds.oauth2.sdk.ClientCredentialsGrant;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenIntrospectionRequest;
import com.nimbusds.oauth2.sdk.TokenIntrospectionResponse;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.TokenRevocationRequest;
import com.nimbusds.oauth2.sdk.as.AuthorizationServerMetadata;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.ClientSecretPost;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.token.AccessToken;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/** Nimbus' OAuth 2.0 SDK against one server; prints a JSON report. */
public final class Interop {
  public static void main(String[] args) throws Exception {
    Map<String, Object> server = JSONObjectUtils.parse(System.getenv("INTEROP"));
    Issuer issuer = new Issuer(JSONObjectUtils.getString(server, "issuer"));
    Scope scope = new Scope(JSONObjectUtils.getString(server, "scope"));
    Map<String, Object> client = JSONObjectUtils.getJSONObject(server, "client");
    Map<String, Object> asker = JSONObjectUtils.getJSONObject(server, "introspector");
    AuthorizationServerMetadata metadata = AuthorizationServerMetadata.resolve(issuer);

    List<BiFunction<ClientID, Secret, ClientAuthentication>> methods =
        List.of(ClientSecretBasic::new, ClientSecretPost::new);
    for (BiFunction<ClientID, Secret, ClientAuthentication> method : methods) {
      ClientAuthentication own = as(client, method);
      TokenRequest asked =
          new TokenRequest.Builder(metadata.getTokenEndpointURI(), own, new ClientCredentialsGrant())
              .scope(scope)
              .build();
      TokenResponse answer = TokenResponse.parse(asked.toHTTPRequest().send());
      AccessTokenResponse granted = answer.toSuccessResponse();
      AccessToken token = granted.getTokens().getAccessToken();
      expect(token.getLifetime() > 0, "it has no life");
      expect(isActive(metadata, as(asker, method), token), "it is not active");
      TokenRevocationRequest end =
          new TokenRevocationRequest(metadata.getRevocationEndpointURI(), own, token);
      expect(end.toHTTPRequest().send().indicatesSuccess(), "it cannot be revoked");
      expect(!isActive(metadata, as(asker, method), token), "it is still active");
    }
    Map<String, Object> report =
        Map.of(
            "client", "Nimbus oauth2-oidc-sdk",
            "version", System.getProperty("nimbus.version", "unknown"),
            "language", "Java",
            "discovery", "library",
            "introspect", "library",
            "revoke", "library");
    System.out.println(JSONObjectUtils.toJSONString(report));
  }

  private static ClientAuthentication as(
      Map<String, Object> who, BiFunction<ClientID, Secret, ClientAuthentication> method)
      throws Exception {
    return method.apply(
        new ClientID(JSONObjectUtils.getString(who, "id")),
        new Secret(JSONObjectUtils.getString(who, "secret")));
  }

  private static boolean isActive(
      AuthorizationServerMetadata metadata, ClientAuthentication asker, AccessToken token)
      throws Exception {
    TokenIntrospectionRequest asked =
        new TokenIntrospectionRequest(metadata.getIntrospectionEndpointURI(), asker, token);
    return TokenIntrospectionResponse.parse(asked.toHTTPRequest().send())
        .toSuccessResponse()
        .isActive();
  }

  private static void expect(boolean good, String otherwise) {
    if (!good) throw new AssertionError(otherwise);
  }
}
