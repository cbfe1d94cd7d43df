package app

import (
	"encoding/json"
	"fmt"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/mail"
)

type mailCommand struct {
	To   string `placeholder:"ADDRESS" help:"Only messages to this address."`
	JSON bool   `name:"json" help:"Print one JSON object: {\"messages\":[{\"id\",\"to\",\"subject\",\"text\",\"html\",\"language\",\"template\",\"state\",\"error\",\"createdAt\"}]}, newest first."`
}

// keptMessage is a message as scripts read it.
type keptMessage struct {
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

// mostMessages bounds what one call prints.
const mostMessages = 1000

// Run prints the messages that have not left the server, as its mailbox page
// shows them.
func (c mailCommand) Run(sh *shell) error {
	return withParts(sh, func(p *Parts) error {
		unsent, _, err := p.Mail.Unsent(sh.ctx, "", mostMessages)
		if err != nil {
			return err
		}
		messages := []keptMessage{}
		for _, k := range unsent {
			if c.To == "" || k.To == c.To {
				messages = append(messages, keptMessage{k.ID, k.To, k.Subject, k.Text, k.HTML, k.Language, k.Template, k.State, k.Error, clock.Format(k.CreatedAt)})
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
			_, err = fmt.Fprintln(sh.stdout, "No message waits.")
		}
		return err
	})
}
