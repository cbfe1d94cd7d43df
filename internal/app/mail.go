package app

import (
	"encoding/json"
	"fmt"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/mail"
)

type mailCommand struct {
	To   string `placeholder:"ADDRESS" help:"Only messages to this address."`
	JSON bool   `name:"json" help:"Print one JSON object: {\"messages\":[{\"id\",\"to\",\"subject\",\"text\",\"html\",\"language\",\"template\",\"state\",\"error\",\"createdAt\"}]}, newest first."`
}

// unsentMessage is the JSON form of a message.
type unsentMessage struct {
	ID        string        `json:"id"`
	To        string        `json:"to"`
	Subject   string        `json:"subject"`
	Text      string        `json:"text"`
	HTML      string        `json:"html"`
	Language  string        `json:"language"`
	Template  mail.Template `json:"template"`
	State     string        `json:"state"`
	Error     string        `json:"error"`
	CreatedAt string        `json:"createdAt"`
}

// maxMessages limits the messages of one call.
const maxMessages = 1000

// Run prints the unsent messages, as on the mailbox page of the server.
func (c mailCommand) Run(sh *shell) error {
	return withServices(sh, func(p *Services) error {
		unsent, _, err := p.Mail.Unsent(sh.ctx, actor.Actor{Kind: actor.Command}, "", maxMessages)
		if err != nil {
			return err
		}
		messages := []unsentMessage{}
		for _, k := range unsent {
			if c.To == "" || k.To == c.To {
				messages = append(messages, unsentMessage{k.ID, k.To, k.Subject, k.Text, k.HTML, k.Language, k.Template, k.State, k.Error, clock.Format(k.CreatedAt)})
			}
		}
		if c.JSON {
			return json.NewEncoder(sh.stdout).Encode(map[string]any{"messages": messages})
		}
		for _, m := range messages {
			if _, err := fmt.Fprintf(sh.stdout, "%s  to %s  (%s)\n%s\n\n%s\n", m.CreatedAt, m.To, m.State, m.Subject, m.Text); err != nil {
				return err
			}
		}
		if len(messages) == 0 {
			_, err = fmt.Fprintln(sh.stdout, "No unsent mail.")
		}
		return err
	})
}
