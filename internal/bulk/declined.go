package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// loadDeclined returns which addresses of rows belong to persons who declined
// to be members, and the state of the declines that this rests on.
func (a *application) loadDeclined(ctx context.Context, q sqldb.Querier, rows []row) (member.Declines, map[string]bool, error) {
	state, err := member.DeclinesOf(ctx, q, a.communityID)
	if err != nil || state.Count == 0 {
		return state, nil, err
	}
	keys := make([]string, 0, len(rows))
	for i := range rows {
		if rows[i].emailKey != "" {
			keys = append(keys, rows[i].emailKey)
		}
	}
	declined, err := member.Declined(ctx, q, a.communityID, keys)
	return state, declined, err
}

// sameDeclines reports whether the declines are still those of before. They stay
// the same until the transaction ends: it shares the fields of the community,
// and a decline guards them.
func (a *application) sameDeclines(ctx context.Context, tx *sqldb.Tx, before member.Declines) (bool, error) {
	now, err := member.DeclinesOf(ctx, tx, a.communityID)
	return now == before, err
}
