package mail

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// deliveryTimeout bounds the delivery of one message.
const deliveryTimeout = 30 * time.Second

// server is an SMTP server.
type server struct {
	host           string
	port           int
	encryption     string // tls, required, optional or off
	user, password string // "": without signing in
	options        []gomail.Option
}

// tlsPolicies are the values of ?tls= for smtp://.
var tlsPolicies = map[string]gomail.TLSPolicy{"required": gomail.TLSMandatory, "optional": gomail.TLSOpportunistic, "off": gomail.NoTLS}

// parseServer parses smtp://user:password@host:port?tls=required|optional|off,
// or smtps:// for implicit TLS. A password is sent over TLS only, unless
// tls=off.
func parseServer(address string) (*server, error) {
	errURL := errors.New("the SMTP URL is not an address such as smtps://user:password@mail.example.com:465") // does not reveal the password
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" || strings.Trim(u.Path, "/") != "" {
		return nil, errURL
	}
	s := &server{host: u.Hostname(), options: []gomail.Option{gomail.WithTimeout(deliveryTimeout), gomail.WithoutNoop()}}
	port := 587
	if u.Scheme == "smtps" {
		port = 465
		s.options = append(s.options, gomail.WithSSL())
	}
	if text := u.Port(); text != "" {
		if port, err = strconv.Atoi(text); err != nil {
			return nil, errURL
		}
	}
	s.options = append(s.options, gomail.WithPort(port))
	password, hasPassword := u.User.Password()
	policy := "optional"
	if hasPassword {
		policy = "required"
	}
	if chosen := u.Query().Get("tls"); chosen != "" {
		policy = chosen
	}
	tls, known := tlsPolicies[policy]
	if !known {
		return nil, fmt.Errorf("tls=%s in the SMTP URL is none of required, optional, off", policy)
	}
	s.port, s.encryption = port, "tls"
	if u.Scheme == "smtp" {
		s.encryption = policy
		s.options = append(s.options, gomail.WithTLSPolicy(tls))
	}
	if hasPassword {
		s.user, s.password = u.User.Username(), password
		s.options = append(s.options, gomail.WithUsername(u.User.Username()), gomail.WithPassword(password), smtpAuth(policy == "off"))
	}
	return s, nil
}

// smtpAuth returns the authentication option; with plaintext also mechanisms
// that reveal the password on the wire.
func smtpAuth(plaintext bool) gomail.Option {
	if !plaintext {
		return gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover)
	}
	return gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthCramMD5,
		gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc)
}

// deliver sends one message.
func (s *server) deliver(ctx context.Context, from *netmail.Address, k OutboxMessage) error {
	client, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return err
	}
	msg, err := compose(from, k)
	if err != nil {
		return err
	}
	return client.DialAndSendWithContext(ctx, msg)
}

// compose builds the MIME message. Its Message-ID is derived from the id of
// the message, so that a second delivery after a crash can be recognized.
func compose(from *netmail.Address, k OutboxMessage) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(from)
	if err := msg.EnvelopeFrom(from.Address); err != nil {
		return nil, err
	}
	msg.ToMailAddress(&netmail.Address{Name: k.ToName, Address: k.To})
	_, domain, _ := strings.Cut(from.Address, "@")
	msg.SetMessageIDWithValue(k.ID + "@" + domain)
	msg.SetDateWithValue(time.UnixMilli(k.CreatedAt).UTC())
	msg.Subject(k.Subject)
	msg.SetGenHeader(gomail.HeaderContentLang, k.Language)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, k.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, k.HTML)
	return msg, nil
}

// isPermanent reports whether the server rejected the message permanently.
func isPermanent(err error) bool {
	sendErr, ok := errors.AsType[*gomail.SendError](err)
	return ok && !sendErr.IsTemp() && sendErr.ErrorCode() >= 500
}

// Delivery describes how messages are sent, without secrets.
type Delivery struct {
	Host       string // "": no mail server is set
	Port       int
	Encryption string // tls, required, optional or off
	User       string // "": without signing in
	From       string // Name <address>
}

// Delivery returns how messages are sent.
func (m *Mail) Delivery() Delivery {
	if m.server == nil {
		return Delivery{}
	}
	return Delivery{Host: m.server.host, Port: m.server.port, Encryption: m.server.encryption, User: m.server.user, From: m.from.String()}
}

// withoutPassword removes the password of the server from a text.
func (s *server) withoutPassword(text string) string {
	if s.password == "" {
		return text
	}
	return strings.ReplaceAll(text, s.password, "***")
}
