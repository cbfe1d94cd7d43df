package account

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// A known client is a device or network of an earlier sign-in of an account.
// Failed sign-ins elsewhere do not delay it.
const (
	KnownClientLifetime = 90 * 24 * time.Hour // since the last sign-in
	maxDevices          = 20                  // per account; the newest remain
	maxNetworks         = 50
	maxDeviceTokens     = 5 // in a cookie: one for each account of a shared browser
)

const (
	devicePrefix  = "device:"
	networkPrefix = "network:"
)

// networkOf returns the network of an address, /24 or /56; "" for an invalid
// address.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	ip = ip.Unmap().WithZone("")
	bits := 56
	if ip.Is4() {
		bits = 24
	}
	return netip.PrefixFrom(ip, bits).Masked().String()
}

// networkClient returns the known client of a network, "" for an invalid
// address. It differs per account.
func networkClient(accountID, address string) string {
	if n := networkOf(address); n != "" {
		return networkPrefix + HashToken(accountID+" "+n)
	}
	return ""
}

func deviceClients(cookie string) (clients []string) {
	for token := range strings.SplitSeq(cookie, ".") {
		if len(token) == 2*SecretSize && len(clients) < maxDeviceTokens {
			clients = append(clients, devicePrefix+HashToken(token))
		}
	}
	return clients
}

// knownClient returns the known client of a request, a device before a network;
// "" for none.
func (a *Accounts) knownClient(ctx context.Context, q sqldb.Querier, accountID string, info SessionInfo) (string, error) {
	if accountID == "" {
		accountID = "none" // same cost as a known account
	}
	candidates := deviceClients(info.Device)
	if network := networkClient(accountID, info.Address); network != "" {
		candidates = append(candidates, network)
	}
	if len(candidates) == 0 {
		return "", nil
	}
	known, err := loadClients(ctx, q, accountID, candidates, a.clock.Now().Add(-KnownClientLifetime).UnixMilli())
	if err != nil || len(known) == 0 {
		return "", err
	}
	return slices.Min(known), nil // "device:" comes before "network:"
}

func isDevice(client string) bool { return strings.HasPrefix(client, devicePrefix) }

// KnownDevice returns the rate limit key of the device that a cookie proves for
// the account of a login name, "" for none.
func (a *Accounts) KnownDevice(ctx context.Context, login, cookie string) (string, error) {
	if len(deviceClients(cookie)) == 0 {
		return "", nil
	}
	found, err := findLogin(ctx, a.db, login)
	if err != nil {
		return "", err
	}
	return a.knownClient(ctx, a.db, found.account.ID, SessionInfo{Device: cookie})
}

// KnownDeviceOfAccount is KnownDevice for a signed-in account.
func (a *Accounts) KnownDeviceOfAccount(ctx context.Context, accountID, cookie string) (string, error) {
	return a.knownClient(ctx, a.db, accountID, SessionInfo{Device: cookie})
}

// KnownDeviceOfAny is KnownDevice for a sign-in that names no account; it
// accepts a device of any account.
func (a *Accounts) KnownDeviceOfAny(ctx context.Context, cookie string) (string, error) {
	candidates := deviceClients(cookie)
	if len(candidates) == 0 {
		return "", nil
	}
	return loadDevice(ctx, a.db, candidates, a.clock.Now().Add(-KnownClientLifetime).UnixMilli())
}

// KnownDeviceOfChallenge is KnownDevice for the account of a two-factor challenge.
func (a *Accounts) KnownDeviceOfChallenge(ctx context.Context, challenge, cookie string) (string, error) {
	if len(deviceClients(cookie)) == 0 {
		return "", nil
	}
	flow, err := a.checkFlow(ctx, a.db, flowTwoFactor, challenge)
	if errs.From(err) != nil {
		return "", nil // AnswerChallenge reports it
	}
	if err != nil {
		return "", err
	}
	return a.knownClient(ctx, a.db, flow.accountID, SessionInfo{Device: cookie})
}

// RememberDevice makes the client that has just signed in a known device of the
// account, and returns its cookie. The server issues one token per account, so
// a cookie planted in a browser proves nothing.
func (a *Accounts) RememberDevice(ctx context.Context, accountID, cookie string) (string, error) {
	now := a.clock.MS()
	err := a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		client, err := a.knownClient(ctx, tx, accountID, SessionInfo{Device: cookie})
		if err != nil {
			return err
		}
		if client == "" {
			token := NewToken()
			client = devicePrefix + HashToken(token)
			tokens := append([]string{token}, strings.Split(cookie, ".")...)
			tokens = slices.DeleteFunc(tokens, func(one string) bool { return len(one) != 2*SecretSize })
			cookie = strings.Join(tokens[:min(len(tokens), maxDeviceTokens)], ".")
		}
		return upsertClient(ctx, tx, accountID, client, devicePrefix, maxDevices, now)
	})
	return cookie, err
}

// rememberNetwork makes the network of a sign-in a known client.
func (a *Accounts) rememberNetwork(ctx context.Context, tx *sqldb.Tx, accountID, address string) error {
	client := networkClient(accountID, address)
	if client == "" {
		return nil
	}
	return upsertClient(ctx, tx, accountID, client, networkPrefix, maxNetworks, a.clock.MS())
}

// forgetClients deletes the known clients of an account except the one of info:
// after a password change or a sign-out everywhere, others may have used them.
func (a *Accounts) forgetClients(ctx context.Context, tx *sqldb.Tx, accountID string, info SessionInfo) error {
	except := append(deviceClients(info.Device), networkClient(accountID, info.Address))
	return deleteClients(ctx, tx, accountID, except)
}
