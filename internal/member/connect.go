package member

import (
	"log/slog"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/media"
)

// Connections are what work with single people needs beside the database.
// What is missing makes that work fail where it is needed, and nowhere else.
type Connections struct {
	Access    *access.Access // for passwords of new accounts
	Accounts  *account.Accounts
	Mail      *mail.Mail     // for mails to new members
	Pictures  *media.Library // for avatars
	Retention time.Duration  // how long a deleted member can be restored; 0: 30 days
	Log       *slog.Logger   // nil: the default one
	BaseURL   func() string  // address of the server without a slash at its end; nil: unknown
}

// Connect gives Members what they could not have when they were made. Call it
// before the first request; it replaces what was connected before.
func (s *Members) Connect(c Connections) {
	s.connected = c
}

// url is the address of a page of the server.
func (c Connections) url(page string) string {
	if c.BaseURL == nil {
		return page
	}
	return c.BaseURL() + page
}

func (c Connections) retention() time.Duration {
	if c.Retention <= 0 {
		return 30 * 24 * time.Hour
	}
	return c.Retention
}

// AvatarURL is the address of a member's picture; "" without one.
func (s *Members) AvatarURL(communityID, pictureID string) string {
	if pictureID == "" {
		return ""
	}
	return s.connected.url(media.Path(communityID, pictureID))
}
