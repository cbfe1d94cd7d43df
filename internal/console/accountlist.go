package console

import (
	"net/http"
	"strconv"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
)

func (c *console) showSessions(v *visit) error {
	p, err := c.accountPage(v, sessionsPath)
	if err != nil {
		return err
	}
	sessions, err := c.Accounts.Sessions(v.Context(), v.actor.AccountID)
	if err != nil {
		return err
	}
	view := SessionsView{Page: p}
	for _, s := range sessions {
		view.Sessions = append(view.Sessions, SessionRow{
			ID: s.ID, Device: device(s.UserAgent), Address: s.Address, By: s.Host, Current: s.ID == v.actor.SessionID,
			CreatedAt: s.CreatedAt, SeenAt: s.SeenAt,
		})
	}
	return render(v, http.StatusOK, SessionsPage(view))
}

func (c *console) endSession(v *visit) error {
	err := c.Accounts.EndSession(v.Context(), v.actor.AccountID, v.PathValue("session"))
	if err != nil && errs.KindOf(err) != errs.NotFound { // ended is what was asked for
		return err
	}
	return v.goTo(sessionsPath, i18n.Key("The session has ended"))
}

func (c *console) endOtherSessions(v *visit) error {
	if err := c.Accounts.EndSessions(v.Context(), v.actor.AccountID, v.actor.SessionID); err != nil {
		return err
	}
	return v.goTo(sessionsPath, i18n.Key("You are signed out everywhere else"))
}

func (c *console) showOwnKeys(v *visit) error {
	return c.renderOwnKeys(v, nil, OwnKeysView{Days: 365})
}

func (c *console) renderOwnKeys(v *visit, cause error, view OwnKeysView) error {
	status, a, err := refusal(v, cause)
	if err != nil {
		return err
	}
	if view.Page, err = c.accountPage(v, ownKeysPath); err != nil {
		return err
	}
	if view.Errors = wrongFields(v.Context(), cause); view.Errors == nil {
		view.Alert = a
	}
	if view.NewKey != "" {
		status = http.StatusCreated
	}
	if view.Methods, err = c.Accounts.Methods(v.Context(), v.actor); err != nil {
		return err
	}
	keys, err := c.Access.UserKeys(v.Context(), v.actor.AccountID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		view.Keys = append(view.Keys, c.keyRow(k))
	}
	return render(v, status, OwnKeysPage(view))
}

func (c *console) createOwnKey(v *visit) error {
	days, err := strconv.Atoi(v.PostFormValue("days"))
	if err != nil {
		days = -1 // refused, with a reason that fits
	}
	view := OwnKeysView{Name: v.PostFormValue("name"), Days: days, Chosen: map[string]bool{}}
	in := access.KeyInput{Name: view.Name, ExpirePeriod: days}
	for _, chosen := range v.PostForm["permissions"] {
		view.Chosen[chosen] = true
		in.Permissions = append(in.Permissions, actor.Permission(chosen))
	}
	key, secret, err := c.Access.CreateUserKey(v.Context(), v.actor, proofOf(v), in)
	if err != nil {
		return c.renderOwnKeys(v, err, view)
	}
	return c.renderOwnKeys(v, nil, OwnKeysView{Days: 365, NewName: key.Name, NewKey: secret})
}

func (c *console) deleteOwnKey(v *visit) error {
	err := c.Access.DeleteUserKey(v.Context(), v.actor.AccountID, v.PathValue("key"))
	if err != nil && errs.KindOf(err) != errs.NotFound { // gone is what was asked for
		return err
	}
	return v.goTo(ownKeysPath, i18n.Key("The key is deleted"))
}
