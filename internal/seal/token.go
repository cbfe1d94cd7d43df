package seal

import (
	"errors"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/id"
)

// Token is what a client carries for the server, which does not store it.
type Token struct {
	ID        string // random: mark it to accept the token once
	Data      string
	ExpiresAt int64 // Unix milliseconds; the caller checks it
}

const tokenIDBytes = 16

func tokenColumn(purpose string) Column { return Column{Table: "token", Name: purpose} }

// SealToken returns the text of a token, of which the client can read and change
// nothing. Its ID is set. Only OpenToken for the same purpose accepts it.
func (r *Keyring) SealToken(purpose string, t Token) (string, error) {
	return r.Seal(tokenColumn(purpose), "", id.Secret(tokenIDBytes)+" "+strconv.FormatInt(t.ExpiresAt, 10)+" "+t.Data)
}

var errNoToken = errors.New("not a token")

// OpenToken returns the token of a text, or an error.
func (r *Keyring) OpenToken(purpose, text string) (Token, error) {
	if !strings.HasPrefix(text, prefix) {
		return Token{}, errNoToken
	}
	plain, err := r.Open(tokenColumn(purpose), "", text)
	parts := strings.SplitN(plain, " ", 3)
	if err != nil || len(parts) < 3 {
		return Token{}, errors.Join(err, errNoToken)
	}
	expiresAt, err := strconv.ParseInt(parts[1], 10, 64)
	return Token{ID: parts[0], Data: parts[2], ExpiresAt: expiresAt}, err
}
