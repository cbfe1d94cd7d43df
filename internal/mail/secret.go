package mail

import (
	"context"

	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
)

var (
	textColumn = seal.Column{Table: "mail_outbox", Name: "body_text", Key: "id"}
	htmlColumn = seal.Column{Table: "mail_outbox", Name: "body_html", Key: "id"}
)

// SealedColumns hold what messages say: links that sign in, and passwords.
func SealedColumns() []seal.Column { return []seal.Column{textColumn, htmlColumn} }

func (m *Mail) seal(k *Kept) (err error) {
	if k.Text, err = m.keys.Seal(textColumn, k.ID, k.Text); err != nil {
		return err
	}
	k.HTML, err = m.keys.Seal(htmlColumn, k.ID, k.HTML)
	return err
}

// open makes a message readable that comes from the outbox.
func (m *Mail) open(k Kept) (_ Kept, err error) {
	if k.Text, err = m.keys.Open(textColumn, k.ID, k.Text); err != nil {
		return k, err
	}
	k.HTML, err = m.keys.Open(htmlColumn, k.ID, k.HTML)
	return k, err
}

func (m *Mail) load(ctx context.Context, q sqldb.Querier, messageID string) (Kept, error) {
	kept, err := load(ctx, q, messageID)
	if err != nil {
		return kept, err
	}
	return m.open(kept)
}
