package throttle

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/httpx"
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
func networkOf(address string) string { return httpx.AddressPrefix(address, 24, 56) }

// networkClient returns the known client of a network, "" for an invalid
// address. It differs per account.
func networkClient(accountID, address string) string {
	if n := networkOf(address); n != "" {
		return networkPrefix + account.HashToken(accountID+" "+n)
	}
	return ""
}

// DeviceClients returns the devices that a cookie names.
func DeviceClients(cookie string) (clients []string) {
	for token := range strings.SplitSeq(cookie, ".") {
		if len(token) == 2*account.SecretSize && len(clients) < maxDeviceTokens {
			clients = append(clients, devicePrefix+account.HashToken(token))
		}
	}
	return clients
}

// Clients manages the known clients of accounts.
type Clients struct {
	db    *sqldb.DB
	clock clock.Clock
}

// NewClients returns the Clients of a database.
func NewClients(db *sqldb.DB, c clock.Clock) *Clients { return &Clients{db, c} }

// Known returns the known client of a request, a device before a network;
// "" for none.
func (c *Clients) Known(ctx context.Context, q sqldb.Querier, accountID string, info account.SessionInfo) (string, error) {
	if accountID == "" {
		accountID = "none" // same cost as a known account
	}
	candidates := DeviceClients(info.Device)
	if network := networkClient(accountID, info.Address); network != "" {
		candidates = append(candidates, network)
	}
	if len(candidates) == 0 {
		return "", nil
	}
	known, err := loadClients(ctx, q, accountID, candidates, c.clock.Now().Add(-KnownClientLifetime).UnixMilli())
	if err != nil || len(known) == 0 {
		return "", err
	}
	return slices.Min(known), nil // "device:" comes before "network:"
}

// IsDevice reports whether a known client is a device.
func IsDevice(client string) bool { return strings.HasPrefix(client, devicePrefix) }

// KnownDevice returns the rate limit key of the device that a cookie proves for
// the account of a login name, "" for none.
func (c *Clients) KnownDevice(ctx context.Context, login, cookie string) (string, error) {
	if len(DeviceClients(cookie)) == 0 {
		return "", nil
	}
	found, err := account.FindLogin(ctx, c.db, login)
	if err != nil {
		return "", err
	}
	return c.Known(ctx, c.db, found.Account.ID, account.SessionInfo{Device: cookie})
}

// KnownDeviceOfAccount is KnownDevice for a signed-in account.
func (c *Clients) KnownDeviceOfAccount(ctx context.Context, accountID, cookie string) (string, error) {
	return c.Known(ctx, c.db, accountID, account.SessionInfo{Device: cookie})
}

// KnownDeviceOfAny is KnownDevice for a sign-in that names no account; it
// accepts a device of any account.
func (c *Clients) KnownDeviceOfAny(ctx context.Context, cookie string) (string, error) {
	candidates := DeviceClients(cookie)
	if len(candidates) == 0 {
		return "", nil
	}
	return loadDevice(ctx, c.db, candidates, c.clock.Now().Add(-KnownClientLifetime).UnixMilli())
}

// RememberDevice makes the client that has just signed in a known device of the
// account, and returns its cookie. The server issues one token per account, so
// a cookie planted in a browser proves nothing.
func (c *Clients) RememberDevice(ctx context.Context, accountID, cookie string) (string, error) {
	now := c.clock.MS()
	err := c.db.Tx(ctx, func(tx *sqldb.Tx) error {
		client, err := c.Known(ctx, tx, accountID, account.SessionInfo{Device: cookie})
		if err != nil {
			return err
		}
		if client == "" {
			token := account.NewToken()
			client = devicePrefix + account.HashToken(token)
			tokens := append([]string{token}, strings.Split(cookie, ".")...)
			tokens = slices.DeleteFunc(tokens, func(one string) bool { return len(one) != 2*account.SecretSize })
			cookie = strings.Join(tokens[:min(len(tokens), maxDeviceTokens)], ".")
		}
		return upsertClient(ctx, tx, accountID, client, devicePrefix, maxDevices, now)
	})
	return cookie, err
}

// RememberNetwork makes the network of a sign-in a known client.
func (c *Clients) RememberNetwork(ctx context.Context, tx *sqldb.Tx, accountID, address string) error {
	client := networkClient(accountID, address)
	if client == "" {
		return nil
	}
	return upsertClient(ctx, tx, accountID, client, networkPrefix, maxNetworks, c.clock.MS())
}

// Forget deletes the known clients of an account except the one of info:
// after a password change or a sign-out everywhere, others may have used them.
func (c *Clients) Forget(ctx context.Context, tx *sqldb.Tx, accountID string, info account.SessionInfo) error {
	except := append(DeviceClients(info.Device), networkClient(accountID, info.Address))
	return deleteClients(ctx, tx, accountID, except)
}
