package message

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// Attachment is an image of a message.
type Attachment struct {
	ID     string `json:"id"`
	Name   string `json:"name" doc:"The name of the uploaded file."`
	URL    string `json:"url" doc:"Valid for 24 hours; read the message again for another."`
	Type   string `json:"type" example:"image/png"`
	Size   int64  `json:"size" doc:"In bytes."`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// attachments returns the images of messages in their order, by message.
func (m *Messages) attachments(ctx context.Context, q sqldb.Querier, communityID string, messageIDs []string) (map[string][]Attachment, error) {
	found, err := selectAttachments(ctx, q, communityID, messageIDs)
	byMessage := make(map[string][]Attachment, len(found))
	for _, a := range found {
		byMessage[a.messageID] = append(byMessage[a.messageID], a.Attachment)
	}
	return byMessage, err
}
