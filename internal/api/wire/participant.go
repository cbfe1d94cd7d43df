package wire

import (
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
)

// Participant is a member as other members see them.
type Participant struct {
	ID          *string `json:"_id" nullable:"true" doc:"null for a deleted member."`
	Username    string  `json:"username,omitempty"`
	DisplayName string  `json:"displayName"`
	Avatar      string  `json:"avatar,omitempty" doc:"The address of the picture."`
	Deleted     bool    `json:"deleted,omitempty"`
}

// NewParticipant returns a member as other members see them; the zero member is an
// erased one.
func NewParticipant(communityID string, m member.Member) Participant {
	if m.ID == "" || m.State == member.Deleted {
		return Participant{DisplayName: "Deleted member", Deleted: true}
	}
	return Participant{ID: &m.ID, Username: m.Username, DisplayName: m.DisplayName, Avatar: media.Path(communityID, m.AvatarID)}
}
