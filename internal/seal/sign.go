package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// Sign returns the signature of a text, which Verify accepts for the same purpose
// only; "" of a nil Keyring.
func (r *Keyring) Sign(purpose, text string) string {
	if r == nil {
		return ""
	}
	return r.keys[0].sign(purpose, text)
}

// Verify reports whether the signature is of Sign with the current key or a
// previous one.
func (r *Keyring) Verify(purpose, text, signature string) bool {
	if r == nil {
		return false
	}
	for _, k := range r.keys {
		if hmac.Equal([]byte(k.sign(purpose, text)), []byte(signature)) {
			return true
		}
	}
	return false
}

func (k key) sign(purpose, text string) string {
	mac := hmac.New(sha256.New, k.signing)
	_, _ = mac.Write([]byte(purpose + "\x00" + text)) // never fails
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
