package signin_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/passkey"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

const origin = "https://community.example.com"

// device holds one passkey, as a security key does. The formats are those of
// https://www.w3.org/TR/webauthn-3/.
type device struct {
	*testing.T
	key     *ecdsa.PrivateKey
	id      []byte
	handle  string // the user that the passkey belongs to
	counter uint32
	origin  string
	seen    bool // the device checked who holds it
}

func newDevice(t *testing.T) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	return &device{T: t, key: key, id: id, origin: origin, counter: 1, seen: true}
}

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func (d *device) clientData(kind, challenge string) []byte {
	data, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": d.origin, "crossOrigin": false})
	if err != nil {
		d.Fatal(err)
	}
	return data
}

// authData is the authenticator data, with the public key when the passkey is
// new.
func (d *device) authData(rpID string, fresh bool) []byte {
	hash := sha256.Sum256([]byte(rpID))
	flags := byte(0x01)
	if d.seen {
		flags |= 0x04
	}
	if fresh {
		flags |= 0x40
	}
	data := binary.BigEndian.AppendUint32(append(hash[:], flags), d.counter)
	if !fresh {
		return data
	}
	point, err := d.key.PublicKey.Bytes()
	if err != nil {
		d.Fatal(err)
	}
	data = append(data, make([]byte, 16)...) // of no known make
	data = binary.BigEndian.AppendUint16(data, uint16(len(d.id)))
	data = append(data, d.id...)
	data = append(data, 0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20) // COSE: EC2, ES256, P-256, x
	data = append(data, point[1:33]...)
	data = append(data, 0x22, 0x58, 0x20) // y
	return append(data, point[33:]...)
}

func decodeInto(t *testing.T, raw []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
}

// create answers navigator.credentials.create.
func (d *device) create(options []byte) []byte {
	d.Helper()
	var asked struct {
		Challenge string
		RP        struct{ ID string }
		User      struct{ ID string }
	}
	decodeInto(d.T, options, &asked)
	handle, err := base64.RawURLEncoding.DecodeString(asked.User.ID)
	if err != nil {
		d.Fatal(err)
	}
	d.handle = string(handle)
	auth := d.authData(asked.RP.ID, true)
	attestation := []byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58") // CBOR
	attestation = append(append(attestation, byte(len(auth))), auth...)
	return d.answer(map[string]any{
		"clientDataJSON": b64(d.clientData("webauthn.create", asked.Challenge)), "attestationObject": b64(attestation), "transports": []string{"usb"},
	})
}

// get answers navigator.credentials.get.
func (d *device) get(options []byte) []byte {
	d.Helper()
	var asked struct{ Challenge, RPID string }
	decodeInto(d.T, options, &asked)
	d.counter++
	client, data := d.clientData("webauthn.get", asked.Challenge), d.authData(asked.RPID, false)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(data[:len(data):len(data)], hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, digest[:])
	if err != nil {
		d.Fatal(err)
	}
	return d.answer(map[string]any{
		"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": b64([]byte(d.handle)),
	})
}

func (d *device) answer(response map[string]any) []byte {
	raw, err := json.Marshal(map[string]any{"id": b64(d.id), "rawId": b64(d.id), "type": "public-key", "clientExtensionResults": map[string]any{}, "response": response})
	if err != nil {
		d.Fatal(err)
	}
	return raw
}

// withPasskey makes ann and a device that signs her in.
func (w *world) withPasskey(t *testing.T) (actor.Actor, *device, passkey.Passkey) {
	t.Helper()
	w.base = origin
	w.account(t, "ann")
	actor, d := w.session(t, "ann"), newDevice(t)
	token, options, err := w.StartPasskey(t.Context(), actor, account.Proof{})
	if err != nil {
		t.Fatal(err)
	}
	added, err := w.AddPasskey(t.Context(), actor, token, " Blue key ", d.create(options))
	if err != nil {
		t.Fatal(err)
	}
	return actor, d, added
}

func (w *world) byPasskey(t *testing.T, d *device) error {
	t.Helper()
	token, options, err := w.StartPasskeySignIn(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	_, account, err := w.SignInByPasskey(t.Context(), token, d.get(options), here(""))
	if err == nil && account.ID != d.handle {
		t.Errorf("signed in as %+v", account)
	}
	return err
}

func TestAPasskeySignsInWithoutNameAndPassword(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		actor, d, added := w.withPasskey(t)
		if added.Name != "Blue key" {
			t.Errorf("name %q", added.Name)
		}
		w.pass(time.Hour)
		for range 2 {
			if err := w.byPasskey(t, d); err != nil {
				t.Fatal(err)
			}
		}
		stored, err := w.Passkeys(t.Context(), actor)
		if err != nil || len(stored) != 1 || stored[0].UsedAt != w.now.UnixMilli() {
			t.Errorf("kept %+v (%v)", stored, err)
		}
		mustFail(t, "removed without proof", w.RemovePasskey(t.Context(), actor, account.Proof{}, added.ID), errs.Forbidden, "proof_required")
		if err := w.RemovePasskey(t.Context(), actor, account.Proof{Password: password}, added.ID); err != nil {
			t.Fatal(err)
		}
		mustFail(t, "a removed passkey", w.byPasskey(t, d), errs.Unauthenticated, "passkey_refused")
		mustFail(t, "removed twice", w.RemovePasskey(t.Context(), actor, account.Proof{Password: password}, added.ID), errs.NotFound, "passkey_not_found")
	})
}

func TestAPasskeyWhoseCounterWentBackIsRefused(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		_, d, _ := w.withPasskey(t)
		copied := *d
		for range 3 {
			if err := w.byPasskey(t, d); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 { // counters 2, 3 and 4 were seen
			mustFail(t, "a copy", w.byPasskey(t, &copied), errs.Unauthenticated, "passkey_refused")
		}
		if err := w.byPasskey(t, d); err != nil {
			t.Errorf("the device itself: %v", err)
		}
	})
}

func TestAnswersOfPasskeysThatDoNotFitAreRefused(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		_, d, _ := w.withPasskey(t)
		for name, change := range map[string]func(*device){
			"another site":               func(d *device) { d.origin = "https://evil.example" },
			"another key":                func(d *device) { d.key = newDevice(t).key },
			"an unknown passkey":         func(d *device) { d.id = newDevice(t).id },
			"another account":            func(d *device) { d.handle = "69d4c5480000a5066b001000" },
			"nobody checked who held it": func(d *device) { d.seen = false },
		} {
			changed := *d
			change(&changed)
			mustFail(t, name, w.byPasskey(t, &changed), errs.Unauthenticated, "passkey_refused")
		}
		token, options, err := w.StartPasskeySignIn(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		answer := d.get(options)
		if strings.Contains(string(options), "allowCredentials") {
			t.Errorf("the question names passkeys: %s", options)
		}
		_, _, err = w.SignInByPasskey(t.Context(), "x", answer, here(""))
		mustFail(t, "an answer to no question", err, errs.Gone, "sign_in_expired")
		_, _, err = w.SignInByPasskey(t.Context(), token, []byte("{}"), here(""))
		mustFail(t, "no answer", err, errs.Unauthenticated, "passkey_refused")
		if _, _, err = w.SignInByPasskey(t.Context(), token, answer, here("")); err != nil {
			t.Fatal(err)
		}
		_, _, err = w.SignInByPasskey(t.Context(), token, answer, here(""))
		mustFail(t, "the same answer again", err, errs.Gone, "sign_in_expired")
		late, options, err := w.StartPasskeySignIn(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		w.pass(10 * time.Minute)
		_, _, err = w.SignInByPasskey(t.Context(), late, d.get(options), here(""))
		mustFail(t, "too late", err, errs.Gone, "sign_in_expired")
	})
}

func TestAPasskeyIsMadeOnlyByTheOneWhoBegan(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		ann, d, _ := w.withPasskey(t)
		w.account(t, "bob")
		bob := w.session(t, "bob")
		token, options, err := w.StartPasskey(t.Context(), ann, account.Proof{})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(options), b64(d.id)) {
			t.Error("the device is not told that it has a passkey already")
		}
		answer := newDevice(t).create(options)
		_, err = w.AddPasskey(t.Context(), bob, token, "Key", answer)
		mustFail(t, "somebody else", err, errs.Invalid, "passkey_refused")
		_, err = w.AddPasskey(t.Context(), ann, token, "", answer)
		mustFail(t, "without a name", err, errs.Invalid, "invalid_input")
		if _, err = w.AddPasskey(t.Context(), ann, token, "Key", answer); err != nil {
			t.Errorf("who began: %v", err)
		}
		token, options, err = w.StartPasskey(t.Context(), bob, account.Proof{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.AddPasskey(t.Context(), bob, token, "Key", d.create(options))
		mustFail(t, "a passkey of another account", err, errs.Conflict, "passkey_exists")
		w.pass(time.Hour)
		_, _, err = w.StartPasskey(t.Context(), ann, account.Proof{})
		mustFail(t, "no proof", err, errs.Forbidden, "proof_required")
	})
}

func TestPasskeysNeedAnAddressThatBrowsersTake(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		for base, want := range map[string]string{
			"": "", "http://community.example.com": "", "https://192.0.2.1": "", "https://[2001:db8::1]:8443": "",
			"https://community.example.com/": "https://community.example.com", "https://c.example:8443": "https://c.example:8443",
			"http://127.0.0.1:3333": "http://localhost:3333", "http://[::1]:3333": "http://localhost:3333", "http://localhost:3333": "http://localhost:3333",
		} {
			w.base = base
			if got := w.PasskeyOrigin(); got != want {
				t.Errorf("%s: %q, want %q", base, got, want)
			}
			_, _, err := w.StartPasskeySignIn(t.Context(), false)
			if want == "" {
				mustFail(t, base, err, errs.Unavailable, "passkeys_unavailable")
			} else if err != nil {
				t.Errorf("%s: %v", base, err)
			}
		}
	})
}
