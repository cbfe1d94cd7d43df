package ui

import (
	"net/http"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
)

// admit returns h for the callers that a guard admits. Others get an error page
// or are sent to the sign-in.
func (c *Console) admit(g Guard, h Handler) http.Handler {
	switch g.audience {
	case anyone:
		return c.open(h)
	case signedIn:
		return c.signed(h)
	case oneself:
		return c.own(h)
	case operator:
		return c.forOperator(h)
	default:
		return c.inside(g.need, h)
	}
}

// own admits persons in their own session.
func (c *Console) own(h Handler) http.HandlerFunc {
	return c.signed(func(v *Request) error {
		if err := c.access.CanAsPerson(v.Actor, []actor.Permission{actor.PermSessionOnly}); err != nil {
			return err
		}
		v.W.Header().Set("Cache-Control", "no-store")
		return h(v)
	})
}

// forOperator admits the owner of the installation. For others the page does not
// exist.
func (c *Console) forOperator(h Handler) http.HandlerFunc {
	return c.signed(func(v *Request) error {
		if v.Actor.RequireInstallationOwner() != nil {
			return ErrPageNotFound()
		}
		v.W.Header().Set("Cache-Control", "no-store")
		return h(v)
	})
}

// open admits all callers.
func (c *Console) open(h Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		caller, err := c.access.Authenticate(r.Context(), SessionOf(r))
		if err != nil && errs.KindOf(err) != errs.Unauthenticated {
			c.fail(w, r, err)
			return
		}
		caller.Cache = &actor.Cache{}
		if caller.Kind == actor.Session {
			httpx.LiftBodyTimeout(r)
		}
		w.Header().Set("Cache-Control", "private, no-cache")
		v := &Request{Request: r.WithContext(actor.NewContext(r.Context(), caller)), W: w, Actor: caller}
		v.chooseLanguage()
		if err := h(v); err != nil {
			c.failFor(v, err)
		}
	}
}

// signed admits persons with a session and sends others to the sign-in.
func (c *Console) signed(h Handler) http.HandlerFunc {
	return c.open(func(v *Request) error {
		if v.Actor.Kind != actor.Session {
			return errs.New(errs.Unauthenticated, "authentication_required", "Sign in to see this page.")
		}
		return h(v)
	})
}

// inside admits persons with a permission in the community.
func (c *Console) inside(need actor.Permission, h Handler) http.HandlerFunc {
	return c.signed(func(v *Request) (err error) {
		communityID := v.PathValue("community")
		if err := c.access.Can(v.Context(), v.Actor, communityID, need); err != nil {
			return err
		}
		if v.Community, err = c.communities.Get(v.Context(), communityID); err != nil {
			return err
		}
		c.visited(v.Context(), v.Actor, communityID)
		v.chooseLanguage() // perhaps the community's language
		return h(v)
	})
}

// StillAllowed returns nil if the session of an open stream is valid and has the
// permission in its community.
func (c *Console) StillAllowed(v *Request, need actor.Permission) error {
	actor, err := c.access.Authenticate(v.Context(), SessionOf(v.Request))
	if err != nil {
		return err
	}
	if err := c.access.Can(v.Context(), actor, v.Community.ID, need); err != nil {
		return err
	}
	_, err = c.communities.Get(v.Context(), v.Community.ID)
	return err
}
