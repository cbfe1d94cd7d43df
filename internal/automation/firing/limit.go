package firing

import "context"

// known is the limit of a firing that the log has already.
const known = "known"

// limited returns the reason why the limits of an automation forbid to fire; "": they do
// not. The log has the reason once for each limit.
func (p *pass) limited(ctx context.Context, a *prepared, o *occurrence) (string, error) {
	if o.userID == "" || a.PerMember == 0 && a.PerDay == 0 {
		return "", nil
	}
	for _, one := range []struct {
		reason string
		limit  int64
		day    int64
	}{{reasonPerMember, a.PerMember, 0}, {reasonPerDay, a.PerDay, p.days.Of(o.OccurredAt)}} {
		if one.limit == 0 {
			continue
		}
		firings, logged, err := selectCount(ctx, p.tx, p.communityID, a.ID, o.userID, one.day)
		if err != nil {
			return "", err
		}
		if firings < one.limit {
			continue
		}
		if logged {
			return known, nil
		}
		return one.reason, setSkipped(ctx, p.tx, p.communityID, a.ID, o.userID, one.day)
	}
	return "", nil
}

// count counts a firing for its member, in total and on its day.
func (p *pass) count(ctx context.Context, a *prepared, o *occurrence) error {
	for _, day := range []int64{0, p.days.Of(o.OccurredAt)} {
		if err := addFiring(ctx, p.tx, p.communityID, a.ID, o.userID, day); err != nil {
			return err
		}
	}
	return nil
}
