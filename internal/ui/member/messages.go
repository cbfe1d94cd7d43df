package member

import (
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/message/change"
	"github.com/regulars/regulars/internal/ui"
)

// addRecent adds the number of messages that moderators can delete at once.
func (h *handlers) addRecent(v *ui.Request, view *ProfileView) (err error) {
	if h.Access.Can(v.Context(), v.Actor, v.Community.ID, permission.Moderate) == nil {
		view.Moderates = true
		view.Recent, err = h.Changes.CountRecent(v.Context(), v.Actor, v.Community.ID, view.ID)
	}
	return err
}

// recentText is the number of messages of the last 24 hours.
func (v ProfileView) recentText() string {
	if v.Recent >= change.MostRecent {
		return v.T("At least %d messages in channels and conversations.", v.Recent)
	}
	return v.Reader.Count(int64(v.Recent), "%d message in channels and conversations.", "%d messages in channels and conversations.")
}

// deleteRecent deletes the messages of a member of the last 24 hours.
func (h *handlers) deleteRecent(v *ui.Request) error {
	n, err := h.Changes.DeleteRecent(v.Context(), v.Actor, v.Community.ID, v.PathValue("user"))
	if err != nil {
		return h.renderProfile(v, refusedValue{}, err)
	}
	return v.Redirect(v.In("/members/"+v.PathValue("user")), h.Reader(v).Count(int64(n), "%d message was deleted", "%d messages were deleted"))
}
