package account

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

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
)

// ProviderConfig configures an OpenID Connect provider; the zero value means
// none.
type ProviderConfig struct {
	Issuer                 string // https address
	ClientID, ClientSecret string
	Name                   string // button label; "": the host of Issuer
}

// providerTimeout bounds one request to the provider.
const providerTimeout = 10 * time.Second

// provider is the configured provider. Its metadata is fetched on first use and
// cached; a failed fetch is retried.
type provider struct {
	config   ProviderConfig
	client   *http.Client
	mu       sync.Mutex
	metadata *oidc.Provider
}

// ProviderName returns the label of the provider's button, "" without a
// provider.
func (a *Accounts) ProviderName() string {
	if a.provider == nil {
		return ""
	}
	return a.provider.config.Name
}

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

func (a *Accounts) providerClient(known *oidc.Provider) oauth2.Config {
	return oauth2.Config{
		ClientID: a.provider.config.ClientID, ClientSecret: a.provider.config.ClientSecret, Endpoint: known.Endpoint(),
		RedirectURL: a.baseURL() + ProviderReturn, Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}
}

// ProviderReturn is the path of the redirect URL.
const ProviderReturn = "/sign-in/provider/return"

// providerFlow is the data of a sign-in flow at the provider.
type providerFlow struct {
	State, Nonce, Verifier, Next string
}

// StartProvider returns the address of the provider's sign-in page, and the
// token for FinishProvider, which belongs in a cookie: only the same browser
// may finish. next is returned by FinishProvider. For a signed-in actor the
// flow links the identity to the account and needs a proof. It fails with
// NotFound "no_provider", Unavailable "provider_unavailable", or like Proof.
func (a *Accounts) StartProvider(ctx context.Context, caller actor.Actor, p Proof, next string) (token, address string, err error) {
	if a.provider == nil {
		return "", "", errs.New(errs.NotFound, "no_provider", "This server has no sign-in provider.")
	}
	if caller.Kind != actor.Anonymous {
		if err := a.ReauthenticateOwner(ctx, caller, p); err != nil {
			return "", "", err
		}
	}
	known, err := a.provider.discover(ctx)
	if err != nil {
		return "", "", err
	}
	request := providerFlow{State: NewToken(), Nonce: NewToken(), Verifier: oauth2.GenerateVerifier(), Next: next}
	data, err := json.Marshal(request)
	if err != nil {
		return "", "", fmt.Errorf("encode sign-in flow: %w", err)
	}
	token, err = a.startFlow(ctx, a.db, flowProvider, caller.AccountID, string(data))
	if err != nil {
		return "", "", err
	}
	client := a.providerClient(known)
	return token, client.AuthCodeURL(request.State, oidc.Nonce(request.Nonce), oauth2.S256ChallengeOption(request.Verifier)), nil
}

// claims are the claims of an id token.
type claims struct {
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
func validateClaims(audience []string, clientID string, identityClaims claims) error {
	unfit := func(r rune) bool { return r < ' ' || r >= 0x7f }
	switch {
	case identityClaims.Subject == "" || len(identityClaims.Subject) > maxSubject || strings.TrimSpace(identityClaims.Subject) != identityClaims.Subject || strings.ContainsFunc(identityClaims.Subject, unfit):
		return fmt.Errorf("sub of %d bytes is empty, too long or not plain ASCII", len(identityClaims.Subject))
	case identityClaims.AuthorizedParty != "" && identityClaims.AuthorizedParty != clientID:
		return fmt.Errorf("azp names another client")
	case len(audience) > 1 && identityClaims.AuthorizedParty == "":
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

// exchangeCode exchanges the authorization code for the claims of the person.
// It fails with Unauthenticated "provider_refused" or Unavailable
// "provider_unavailable".
func (a *Accounts) exchangeCode(ctx context.Context, request providerFlow, answer url.Values) (claims, error) {
	if subtle.ConstantTimeCompare([]byte(request.State), []byte(answer.Get("state"))) != 1 {
		return claims{}, a.providerRefused(fmt.Errorf("state does not match"))
	}
	if problem := answer.Get("error"); problem != "" || answer.Get("code") == "" {
		return claims{}, a.providerRefused(fmt.Errorf("provider answered %q", problem))
	}
	known, err := a.provider.discover(ctx)
	if err != nil {
		return claims{}, err
	}
	ctx = oidc.ClientContext(ctx, a.provider.client)
	client := a.providerClient(known)
	tokens, err := client.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(request.Verifier))
	if err != nil {
		return claims{}, a.providerRefused(err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	verified, err := known.VerifierContext(ctx, &oidc.Config{ClientID: client.ClientID, Now: a.clock.Now}).Verify(ctx, raw)
	if err != nil {
		return claims{}, a.providerRefused(err)
	}
	if subtle.ConstantTimeCompare([]byte(request.Nonce), []byte(verified.Nonce)) != 1 {
		return claims{}, a.providerRefused(fmt.Errorf("nonce does not match"))
	}
	var identityClaims claims
	if err := verified.Claims(&identityClaims); err != nil {
		return claims{}, a.providerRefused(err)
	}
	if err := validateClaims(verified.Audience, client.ClientID, identityClaims); err != nil {
		return claims{}, a.providerRefused(err)
	}
	if identityClaims.Email == "" {
		err = a.fetchUserInfo(ctx, known, tokens, &identityClaims)
	}
	return identityClaims, err
}

// fetchUserInfo adds claims that some providers omit from the id token.
func (a *Accounts) fetchUserInfo(ctx context.Context, known *oidc.Provider, tokens *oauth2.Token, identityClaims *claims) error {
	subject := identityClaims.Subject
	if known.UserInfoEndpoint() == "" {
		return nil
	}
	info, err := known.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return a.providerRefused(err)
	}
	if info.Subject != subject {
		return a.providerRefused(fmt.Errorf("user info has another subject"))
	}
	if err := info.Claims(identityClaims); err != nil {
		return a.providerRefused(err)
	}
	return nil
}

func (a *Accounts) providerRefused(cause error) error {
	return errs.New(errs.Unauthenticated, "provider_refused", "%s did not sign you in. Try again, or sign in another way.", a.provider.config.Name).Because(cause)
}

// newProvider returns nil for the zero ProviderConfig.
func newProvider(c ProviderConfig) *provider {
	if c.Issuer == "" {
		return nil
	}
	if address, err := url.Parse(c.Issuer); err == nil && c.Name == "" {
		c.Name = address.Host
	}
	return &provider{config: c, client: &http.Client{Timeout: providerTimeout}}
}
