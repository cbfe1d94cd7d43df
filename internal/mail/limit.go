package mail

import (
	"context"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/ratelimit"
	"github.com/regulars/regulars/internal/sqldb"
)

// noticesMore is how many times as many notices about the ways to sign in a
// person gets as mails of another kind: they have to arrive.
const noticesMore = 3

// kinds of messages that are counted together for each recipient; those of no
// kind here are a community's. Whoever causes many of one kind must not keep
// away those of another: anybody may register somebody else's address.
var kinds = map[Template]string{
	VerifyEmail: "registration", AccountExists: "registration", ResetPassword: "reset", PasswordChanged: "notice", SignInAdded: "notice",
	TransferOffered: "transfer", TransferEnded: "transfer",
	ConfirmEmail: "email change", EmailChanging: "notice", EmailChanged: "notice",
}

// within counts a message and reports whether its recipient may still get it.
func (m *Mail) within(ctx context.Context, tx *sqldb.Tx, msg Message) (bool, error) {
	kind := kinds[msg.Template]
	limit := ratelimit.Limit{Name: "mails: " + kind, Max: m.perHour, Window: time.Hour}
	if kind == "notice" {
		limit.Max *= noticesMore
	}
	taken, err := ratelimit.Allow(ctx, tx, m.clock.Now(), limit, mailbox(msg.To))
	return taken.OK, err
}

// mailbox is what addresses have in common that reach the same person in most
// places: what follows a + is for sorting only.
func mailbox(address string) string {
	address = strings.ToLower(address)
	at := strings.LastIndexByte(address, '@')
	if local, _, sorted := strings.Cut(address[:at], "+"); sorted && local != "" {
		return local + address[at:]
	}
	return address
}

// holdBack leaves a row without words, and a job that finds nothing to do: to
// write a message and to hold one back take the same time.
func (m *Mail) holdBack(ctx context.Context, tx *sqldb.Tx, k *Kept) {
	k.Subject, k.Text, k.HTML = "", "", ""
	k.State, k.EndedAt = HeldBack, k.CreatedAt
	template := k.Template
	tx.AfterCommit(func() {
		m.heldBack.Add(1)
		m.log.WarnContext(ctx, "mail held back: its recipient got many within the hour", "template", string(template))
	})
}

// HeldBackTotal is how many messages this process has held back.
func (m *Mail) HeldBackTotal() int64 { return m.heldBack.Load() }
