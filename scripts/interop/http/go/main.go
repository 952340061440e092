// golang.org/x/oauth2/clientcredentials against one server; prints a JSON report.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

type credentials struct{ ID, Secret string }

type server struct {
	Issuer, Scope        string
	Client, Introspector credentials
}

func main() {
	var s server
	must(json.Unmarshal([]byte(os.Getenv("INTEROP")), &s))
	document := map[string]any{}
	getJSON(s.Issuer+"/.well-known/oauth-authorization-server", &document)
	endpoint := func(name string) string { return document[name].(string) }

	// AutoDetect tries the header first and the body after, and remembers what worked.
	for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams, oauth2.AuthStyleAutoDetect} {
		config := clientcredentials.Config{
			ClientID:     s.Client.ID,
			ClientSecret: s.Client.Secret,
			TokenURL:     endpoint("token_endpoint"),
			Scopes:       []string{s.Scope},
			AuthStyle:    style,
		}
		token, err := config.Token(context.Background())
		must(err)
		if token.TokenType != "Bearer" || token.Expiry.IsZero() {
			log.Fatalf("an odd token: %v %v", token.TokenType, token.Expiry)
		}
		introspect := func() map[string]any {
			return post(endpoint("introspection_endpoint"), s.Introspector, token.AccessToken)
		}
		expect(introspect()["active"] == true, "it is not active")
		post(endpoint("revocation_endpoint"), s.Client, token.AccessToken)
		expect(introspect()["active"] == false, "it is still active")
	}

	_, err := (&clientcredentials.Config{ClientID: s.Client.ID, ClientSecret: "wrong", TokenURL: endpoint("token_endpoint"), AuthStyle: oauth2.AuthStyleInHeader}).Token(context.Background())
	refusal, isRefusal := err.(*oauth2.RetrieveError)
	expect(isRefusal && refusal.ErrorCode == "invalid_client", "a wrong secret is not told as invalid_client")

	report, err := json.Marshal(map[string]string{
		"client": "golang.org/x/oauth2", "version": dependency("golang.org/x/oauth2"), "language": "Go",
		"discovery": "by hand", "introspect": "by hand", "revoke": "by hand",
	})
	must(err)
	fmt.Println(string(report))
}

func post(endpoint string, as credentials, token string) map[string]any {
	body := strings.NewReader(url.Values{"token": {token}}.Encode())
	request, err := http.NewRequest(http.MethodPost, endpoint, body)
	must(err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(url.QueryEscape(as.ID), url.QueryEscape(as.Secret))
	answer, err := http.DefaultClient.Do(request)
	must(err)
	defer answer.Body.Close()
	expect(answer.StatusCode == http.StatusOK, answer.Status)
	found := map[string]any{}
	if answer.ContentLength != 0 {
		must(json.NewDecoder(answer.Body).Decode(&found))
	}
	return found
}

func getJSON(from string, into any) {
	answer, err := http.Get(from)
	must(err)
	defer answer.Body.Close()
	must(json.NewDecoder(answer.Body).Decode(into))
}

func dependency(path string) string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == path {
			return module.Version
		}
	}
	return "unknown"
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func expect(good bool, otherwise string) {
	if !good {
		log.Fatal(otherwise)
	}
}
