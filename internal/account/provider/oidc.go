// Package provider signs in at an OpenID Connect provider and stores identities.
package provider

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/flow"
	"github.com/regulars/regulars/internal/account/mailer"
	"github.com/regulars/regulars/internal/account/reauth"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Config configures an OpenID Connect provider; the zero value means
// none.
type Config struct {
	Issuer                 string // https address
	ClientID, ClientSecret string
	Name                   string // button label; "": the host of Issuer
}

// providerTimeout bounds one request to the provider.
const providerTimeout = 10 * time.Second

// provider is the configured provider. Its metadata is fetched on first use and
// cached; a failed fetch is retried.
type provider struct {
	config   Config
	client   *http.Client
	mu       sync.Mutex
	metadata *oidc.Provider
}

// Client signs in at the provider and manages the identities of accounts.
type Client struct {
	db       *sqldb.DB
	clock    clock.Clock
	flows    *flow.Flows
	proofs   *reauth.Proofs
	mailer   *mailer.Mailer
	provider *provider // nil: no OpenID Connect
}

// New returns the Client of a provider.
func New(db *sqldb.DB, c clock.Clock, f *flow.Flows, p *reauth.Proofs, m *mailer.Mailer, config Config) *Client {
	return &Client{db: db, clock: c, flows: f, proofs: p, mailer: m, provider: newProvider(config)}
}

// Name returns the label of the provider's button, "" without a
// provider.
func (c *Client) Name() string {
	if c.provider == nil {
		return ""
	}
	return c.provider.config.Name
}

// Configured reports whether there is a provider.
func (c *Client) Configured() bool { return c.provider != nil }

// Issuer returns the address of the provider.
func (c *Client) Issuer() string { return c.provider.config.Issuer }

// discover returns the metadata of the provider. It fails with Unavailable
// "provider_unavailable".
func (p *provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.metadata != nil {
		return p.metadata, nil
	}
	// Keys are fetched later too, so the context must outlive this request.
	known, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.client), p.config.Issuer)
	if err != nil {
		return nil, p.unavailable(err)
	}
	p.metadata = known
	return known, nil
}

func (p *provider) unavailable(cause error) error {
	return errs.New(errs.Unavailable, "provider_unavailable", "%s is not responding correctly. Try again later, or sign in another way.", p.config.Name).
		WithRetry(providerTimeout).Because(cause)
}

func (c *Client) providerClient(known *oidc.Provider) oauth2.Config {
	return oauth2.Config{
		ClientID: c.provider.config.ClientID, ClientSecret: c.provider.config.ClientSecret, Endpoint: known.Endpoint(),
		RedirectURL: c.mailer.BaseURL() + ReturnPath, Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}
}

// ReturnPath is the path of the redirect URL.
const ReturnPath = "/sign-in/provider/return"

// flowSecretSize is the number of random bytes of state and nonce.
const flowSecretSize = 32

// Request is the data of a sign-in flow at the provider.
type Request struct {
	State, Nonce, Verifier, Next string
}

// Start returns the address of the provider's sign-in page, and the
// token for FinishProvider, which belongs in a cookie: only the same browser
// may finish. next is returned by FinishProvider. For a signed-in actor the
// flow links the identity to the account and needs a proof. It fails with
// NotFound "no_provider", Unavailable "provider_unavailable", or like Proof. held
// is as for StartPasskeySignIn.
func (c *Client) Start(ctx context.Context, caller actor.Actor, p account.Proof, next string, held bool) (token, address string, err error) {
	if c.provider == nil {
		return "", "", errs.New(errs.NotFound, "no_provider", "This server has no sign-in provider.")
	}
	if caller.Kind != actor.Anonymous {
		if err := c.proofs.ReauthenticateOwner(ctx, caller, p); err != nil {
			return "", "", err
		}
	}
	known, err := c.provider.discover(ctx)
	if err != nil {
		return "", "", err
	}
	if held && len(next) > 1000 {
		next = "" // the token must fit into a cookie
	}
	request := Request{State: id.Secret(flowSecretSize), Nonce: id.Secret(flowSecretSize), Verifier: oauth2.GenerateVerifier(), Next: next}
	data, err := json.Marshal(request)
	if err != nil {
		return "", "", fmt.Errorf("encode sign-in flow: %w", err)
	}
	token, err = c.flows.Start(ctx, c.db, flow.Provider, caller.AccountID, string(data), held)
	if err != nil {
		return "", "", err
	}
	client := c.providerClient(known)
	return token, client.AuthCodeURL(request.State, oidc.Nonce(request.Nonce), oauth2.S256ChallengeOption(request.Verifier)), nil
}

// Claims are the claims of an id token.
type Claims struct {
	Subject           string      `json:"sub"`
	AuthorizedParty   string      `json:"azp"`
	Email             string      `json:"email"`
	EmailVerified     lenientBool `json:"email_verified"`
	PreferredUsername string      `json:"preferred_username"`
	GivenName         string      `json:"given_name"`
	FamilyName        string      `json:"family_name"`
	Name              string      `json:"name"`
}

// maxSubject is the longest sub that OpenID Connect allows.
const maxSubject = 255

// validateClaims checks what the library leaves to the caller: sub has 1 to 255
// printable ASCII characters without surrounding space (an empty sub would be
// one identity for everyone), and a token with several audiences or an
// authorized party was issued to this client.
func validateClaims(audience []string, clientID string, claims Claims) error {
	unfit := func(r rune) bool { return r < ' ' || r >= 0x7f }
	switch {
	case claims.Subject == "" || len(claims.Subject) > maxSubject || strings.TrimSpace(claims.Subject) != claims.Subject || strings.ContainsFunc(claims.Subject, unfit):
		return fmt.Errorf("sub of %d bytes is empty, too long or not plain ASCII", len(claims.Subject))
	case claims.AuthorizedParty != "" && claims.AuthorizedParty != clientID:
		return fmt.Errorf("azp names another client")
	case len(audience) > 1 && claims.AuthorizedParty == "":
		return fmt.Errorf("aud names %d audiences and azp is missing", len(audience))
	}
	return nil
}

// lenientBool is a boolean that some providers encode as a string.
type lenientBool bool

// UnmarshalJSON decodes true and "true" as true, all else as false.
func (l *lenientBool) UnmarshalJSON(raw []byte) error {
	*l = lenientBool(string(raw) == "true" || string(raw) == `"true"`)
	return nil
}

// ExchangeCode exchanges the authorization code for the claims of the person.
// It fails with Unauthenticated "provider_refused" or Unavailable
// "provider_unavailable".
func (c *Client) ExchangeCode(ctx context.Context, request Request, answer url.Values) (Claims, error) {
	if subtle.ConstantTimeCompare([]byte(request.State), []byte(answer.Get("state"))) != 1 {
		return Claims{}, c.Refused(fmt.Errorf("state does not match"))
	}
	if problem := answer.Get("error"); problem != "" || answer.Get("code") == "" {
		return Claims{}, c.Refused(fmt.Errorf("provider answered %q", problem))
	}
	known, err := c.provider.discover(ctx)
	if err != nil {
		return Claims{}, err
	}
	ctx = oidc.ClientContext(ctx, c.provider.client)
	client := c.providerClient(known)
	tokens, err := client.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(request.Verifier))
	if err != nil {
		return Claims{}, c.Refused(err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	verified, err := known.VerifierContext(ctx, &oidc.Config{ClientID: client.ClientID, Now: c.clock.Now}).Verify(ctx, raw)
	if err != nil {
		return Claims{}, c.Refused(err)
	}
	if subtle.ConstantTimeCompare([]byte(request.Nonce), []byte(verified.Nonce)) != 1 {
		return Claims{}, c.Refused(fmt.Errorf("nonce does not match"))
	}
	var claims Claims
	if err := verified.Claims(&claims); err != nil {
		return Claims{}, c.Refused(err)
	}
	if err := validateClaims(verified.Audience, client.ClientID, claims); err != nil {
		return Claims{}, c.Refused(err)
	}
	if claims.Email == "" {
		err = c.fetchUserInfo(ctx, known, tokens, &claims)
	}
	return claims, err
}

// fetchUserInfo adds claims that some providers omit from the id token.
func (c *Client) fetchUserInfo(ctx context.Context, known *oidc.Provider, tokens *oauth2.Token, claims *Claims) error {
	subject := claims.Subject
	if known.UserInfoEndpoint() == "" {
		return nil
	}
	info, err := known.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return c.Refused(err)
	}
	if info.Subject != subject {
		return c.Refused(fmt.Errorf("user info has another subject"))
	}
	if err := info.Claims(claims); err != nil {
		return c.Refused(err)
	}
	return nil
}

// Refused is the error of a sign-in that the provider did not complete.
func (c *Client) Refused(cause error) error {
	return errs.New(errs.Unauthenticated, "provider_refused", "%s did not sign you in. Try again, or sign in another way.", c.provider.config.Name).Because(cause)
}

// newProvider returns nil for the zero Config.
func newProvider(c Config) *provider {
	if c.Issuer == "" {
		return nil
	}
	if address, err := url.Parse(c.Issuer); err == nil && c.Name == "" {
		c.Name = address.Host
	}
	return &provider{config: c, client: &http.Client{Timeout: providerTimeout}}
}
