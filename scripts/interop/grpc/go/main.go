// Countersign from Go: issues a token, verifies it offline, revokes it, and hears of that on the feed.
// Started by ../main.ts, which generates the stubs and sets the environment.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"aidanwoods.dev/go-paseto"
	"golang.org/x/crypto/blake2b"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	pb "interop.example/gen/countersign/v1"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	connection, err := grpc.NewClient(os.Getenv("ADDRESS"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(err)
	tokens := pb.NewTokenServiceClient(connection)
	verifier := basic(ctx, "VERIFIER")

	issued, err := tokens.IssueToken(ctx, &pb.IssueTokenRequest{
		ClientId:     os.Getenv("CALLER_ID"),
		ClientSecret: os.Getenv("CALLER_SECRET"),
	})
	must(err)
	say("issued", issued.TokenType == "Bearer" && len(issued.Scopes) == 1)

	published, err := tokens.ListVerificationKeys(ctx, &pb.ListVerificationKeysRequest{})
	must(err)
	key := keyOf(issued.AccessToken, published.Keys)
	say("k4.pid is the id of its key", key.KeyId == keyID(key.PublicKey))
	token, err := verify(issued.AccessToken, key.PublicKey)
	must(err)
	subject, err := token.GetSubject()
	must(err)
	say("verified", subject == os.Getenv("CALLER_ID"))
	forged := issued.AccessToken[:40] + "A" + issued.AccessToken[41:]
	if forged == issued.AccessToken {
		forged = issued.AccessToken[:40] + "B" + issued.AccessToken[41:]
	}
	_, err = verify(forged, key.PublicKey)
	say("a forged one is refused", err != nil)

	feed, err := tokens.WatchRevocations(verifier, &pb.WatchRevocationsRequest{})
	must(err)
	parts := int32(0)
	for fresh := false; !fresh; {
		message, err := feed.Recv()
		must(err)
		switch event := message.Event.(type) {
		case *pb.WatchRevocationsResponse_Snapshot:
			parts++
			say("part of the snapshot", event.Snapshot.PartNumber == parts && event.Snapshot.First == (parts == 1))
		case *pb.WatchRevocationsResponse_Heartbeat:
			fresh = true
		}
	}

	say("active", introspect(verifier, tokens, issued.AccessToken))
	_, err = tokens.RevokeToken(basic(ctx, "CALLER"), &pb.RevokeTokenRequest{Token: issued.AccessToken})
	must(err)
	say("inactive once revoked", !introspect(verifier, tokens, issued.AccessToken))
	for seen := false; !seen; {
		message, err := feed.Recv()
		must(err)
		seen = message.GetChange().GetToken().GetTokenId() == issued.TokenId
	}
	say("heard of on the feed", true)
	report()
}

// verify checks signature, form and times with go-paseto, and that issuer and audience are ours.
func verify(token, paserk string) (*paseto.Token, error) {
	bytes, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(paserk, "k4.public."))
	if err != nil {
		return nil, err
	}
	key, err := paseto.NewV4AsymmetricPublicKeyFromBytes(bytes)
	if err != nil {
		return nil, err
	}
	parser := paseto.NewParser()
	parser.AddRule(paseto.ForAudience(os.Getenv("AUDIENCE")), paseto.IssuedBy(os.Getenv("ISSUER")))
	return parser.ParseV4Public(key, token, nil)
}

// keyOf finds the published key that the token's footer names.
func keyOf(token string, keys []*pb.VerificationKey) *pb.VerificationKey {
	encoded := token[strings.LastIndex(token, ".")+1:]
	text, err := base64.RawURLEncoding.DecodeString(encoded)
	must(err)
	var footer struct{ Kid string }
	must(json.Unmarshal(text, &footer))
	for _, key := range keys {
		if key.KeyId == footer.Kid {
			return key
		}
	}
	panic("the token's key is not published")
}

// keyID is the PASERK id of a public key: BLAKE2b-264 over the header and the key's own PASERK.
func keyID(paserk string) string {
	hash, err := blake2b.New(33, nil)
	must(err)
	hash.Write([]byte("k4.pid." + paserk))
	return "k4.pid." + base64.RawURLEncoding.EncodeToString(hash.Sum(nil))
}

func introspect(ctx context.Context, tokens pb.TokenServiceClient, token string) bool {
	answer, err := tokens.IntrospectToken(ctx, &pb.IntrospectTokenRequest{Token: token})
	must(err)
	return answer.Active
}

func basic(ctx context.Context, who string) context.Context {
	pair := os.Getenv(who+"_ID") + ":" + os.Getenv(who+"_SECRET")
	encoded := base64.StdEncoding.EncodeToString([]byte(pair))
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Basic "+encoded)
}

func say(check string, ok bool) {
	line, _ := json.Marshal(map[string]any{"check": check, "ok": ok})
	fmt.Println(string(line))
	if !ok {
		os.Exit(1)
	}
}

func report() {
	versions := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			versions[module.Path] = strings.TrimPrefix(module.Version, "v")
		}
	}
	line, _ := json.Marshal(map[string]string{
		"language": "Go " + strings.TrimPrefix(runtime.Version(), "go"),
		"grpc":     "grpc-go " + versions["google.golang.org/grpc"],
		"paseto":   "go-paseto " + versions["aidanwoods.dev/go-paseto"],
	})
	fmt.Println(string(line))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
