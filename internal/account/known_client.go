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

// Places are devices and networks of earlier sign-ins of an account. Failed
// sign-ins elsewhere do not make them wait.
const (
	PlaceLifetime   = 90 * 24 * time.Hour // since the last sign-in there
	maxDevices      = 20                  // of an account, the newest stay
	maxNetworks     = 50
	maxDeviceTokens = 5 // in a cookie: one for each account of a shared browser
)

const (
	devicePrefix  = "device:"
	networkPrefix = "network:"
)

// neighbourhood is the network that a place stands for: /24 or /56; "" for an
// unknown address.
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

// placeOfNetwork is a network as a place, which differs for each account.
func networkClient(accountID, address string) string {
	if n := networkOf(address); n != "" {
		return networkPrefix + HashToken(accountID+" "+n)
	}
	return ""
}

func deviceClients(cookie string) (places []string) {
	for token := range strings.SplitSeq(cookie, ".") {
		if len(token) == 2*SecretSize && len(places) < maxDeviceTokens {
			places = append(places, devicePrefix+HashToken(token))
		}
	}
	return places
}

// knownPlace returns the place of an earlier sign-in that a client comes from,
// a device before a network; "" for none.
func (a *Accounts) knownClient(ctx context.Context, q sqldb.Querier, accountID string, info SessionInfo) (string, error) {
	if accountID == "" {
		accountID = "none" // costs the same
	}
	asked := deviceClients(info.Device)
	if network := networkClient(accountID, info.Address); network != "" {
		asked = append(asked, network)
	}
	if len(asked) == 0 {
		return "", nil
	}
	known, err := loadClients(ctx, q, accountID, asked, a.clock.Now().Add(-PlaceLifetime).UnixMilli())
	if err != nil || len(known) == 0 {
		return "", err
	}
	return slices.Min(known), nil // "device:" comes before "network:"
}

func isDevice(place string) bool { return strings.HasPrefix(place, devicePrefix) }

// KnowsDevice returns a text for the device that a cookie proves for the
// account of a login name, "" for none: attempts from it are counted by that.
func (a *Accounts) KnowsDevice(ctx context.Context, login, cookie string) (string, error) {
	if len(deviceClients(cookie)) == 0 {
		return "", nil
	}
	found, err := findLogin(ctx, a.db, login)
	if err != nil {
		return "", err
	}
	return a.knownClient(ctx, a.db, found.account.ID, SessionInfo{Device: cookie})
}

// KnowsDeviceOf is KnowsDevice for an account that is signed in.
func (a *Accounts) KnowsDeviceOf(ctx context.Context, accountID, cookie string) (string, error) {
	return a.knownClient(ctx, a.db, accountID, SessionInfo{Device: cookie})
}

// KnowsDeviceOfAny is KnowsDevice for a sign-in that names no account: a device
// of any account.
func (a *Accounts) KnowsDeviceOfAny(ctx context.Context, cookie string) (string, error) {
	asked := deviceClients(cookie)
	if len(asked) == 0 {
		return "", nil
	}
	return loadDevice(ctx, a.db, asked, a.clock.Now().Add(-PlaceLifetime).UnixMilli())
}

// KnowsDeviceOfStep is KnowsDevice for the account whose password was right and
// whose code is to follow.
func (a *Accounts) KnowsDeviceOfStep(ctx context.Context, challenge, cookie string) (string, error) {
	if len(deviceClients(cookie)) == 0 {
		return "", nil
	}
	flow, err := a.checkFlow(ctx, a.db, flowTwoFactor, challenge)
	if errs.From(err) != nil {
		return "", nil // the step itself answers with the reason
	}
	if err != nil {
		return "", err
	}
	return a.knownClient(ctx, a.db, flow.accountID, SessionInfo{Device: cookie})
}

// RememberDevice makes the client that has just signed in a known device of the
// account, and returns its cookie. A token is issued by the server and for one
// account: a cookie that was planted in a browser proves nothing.
func (a *Accounts) RememberDevice(ctx context.Context, accountID, cookie string) (string, error) {
	now := a.clock.MS()
	err := a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		known, err := a.knownClient(ctx, tx, accountID, SessionInfo{Device: cookie})
		if err != nil {
			return err
		}
		if known == "" {
			token := NewToken()
			known = devicePrefix + HashToken(token)
			tokens := append([]string{token}, strings.Split(cookie, ".")...)
			tokens = slices.DeleteFunc(tokens, func(one string) bool { return len(one) != 2*SecretSize })
			cookie = strings.Join(tokens[:min(len(tokens), maxDeviceTokens)], ".")
		}
		return upsertClient(ctx, tx, accountID, known, devicePrefix, maxDevices, now)
	})
	return cookie, err
}

// rememberNetwork notes the network of a sign-in.
func (a *Accounts) rememberNetwork(ctx context.Context, tx *sqldb.Tx, accountID, address string) error {
	place := networkClient(accountID, address)
	if place == "" {
		return nil
	}
	return upsertClient(ctx, tx, accountID, place, networkPrefix, maxNetworks, a.clock.MS())
}

// forgetPlaces ends every place of an account but the one the caller comes
// from: with a changed password or a sign-out everywhere, others may have used
// them.
func (a *Accounts) forgetClients(ctx context.Context, tx *sqldb.Tx, accountID string, info SessionInfo) error {
	except := append(deviceClients(info.Device), networkClient(accountID, info.Address))
	return deleteClients(ctx, tx, accountID, except)
}
