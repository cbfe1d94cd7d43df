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

// patience is how long a server may take for one message.
const patience = 30 * time.Second

// server is where messages are handed over.
type server struct {
	host    string
	options []gomail.Option
}

// tlsPolicies are what ?tls= says about a connection that starts in the clear.
var tlsPolicies = map[string]gomail.TLSPolicy{"required": gomail.TLSMandatory, "optional": gomail.TLSOpportunistic, "off": gomail.NoTLS}

// parseServer reads smtp://user:password@host:port?tls=required|optional|off,
// or smtps:// for TLS from the first byte. A password is only sent through TLS
// unless tls=off asks for it.
func parseServer(address string) (*server, error) {
	wrong := errors.New("the SMTP URL is not an address such as smtps://user:password@mail.example.com:465") // says nothing of the password
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" || strings.Trim(u.Path, "/") != "" {
		return nil, wrong
	}
	s := &server{host: u.Hostname(), options: []gomail.Option{gomail.WithTimeout(patience), gomail.WithoutNoop()}}
	port := 587
	if u.Scheme == "smtps" {
		port = 465
		s.options = append(s.options, gomail.WithSSL())
	}
	if text := u.Port(); text != "" {
		if port, err = strconv.Atoi(text); err != nil {
			return nil, wrong
		}
	}
	s.options = append(s.options, gomail.WithPort(port))
	password, signsIn := u.User.Password()
	policy := "optional"
	if signsIn {
		policy = "required"
	}
	if chosen := u.Query().Get("tls"); chosen != "" {
		policy = chosen
	}
	tls, known := tlsPolicies[policy]
	if !known {
		return nil, fmt.Errorf("tls=%s in the SMTP URL is none of required, optional, off", policy)
	}
	if u.Scheme == "smtp" {
		s.options = append(s.options, gomail.WithTLSPolicy(tls))
	}
	if signsIn {
		s.options = append(s.options, gomail.WithUsername(u.User.Username()), gomail.WithPassword(password), signIn(policy == "off"))
	}
	return s, nil
}

// signIn chooses how the password is proven; inTheClear also in ways that show
// it to the network.
func signIn(inTheClear bool) gomail.Option {
	if !inTheClear {
		return gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover)
	}
	return gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthCramMD5,
		gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc)
}

// deliver hands one message over.
func (s *server) deliver(ctx context.Context, from *netmail.Address, k Kept) error {
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

// compose makes the message as it travels. Its id is made from ours, so that a
// message that is handed over twice, after a crash, can be seen to be one.
func compose(from *netmail.Address, k Kept) (*gomail.Msg, error) {
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

// final reports whether the server has said that it will never take a message.
func final(err error) bool {
	refusal, ok := errors.AsType[*gomail.SendError](err)
	return ok && !refusal.IsTemp() && refusal.ErrorCode() >= 500
}
