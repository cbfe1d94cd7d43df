// Package wordlist finds the words that a community has banned from messages, and those
// that alert its moderators.
package wordlist

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/cache"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/words"
)

// Lists are the word lists of a community.
type Lists struct {
	Banned *words.List // messages with one are rejected
	Alert  *words.List // messages with one are reported
}

var compiled = cache.New[Lists](500, "communities") // by community

// Of returns the lists of a community, compiled once for its settings if q is no
// transaction. It fails with NotFound "community_not_found".
func Of(ctx context.Context, q sqldb.Querier, communityID string) (Lists, error) {
	return compiled.Get(q, communityID, func() (lists Lists, err error) {
		home, err := community.Load(ctx, q, communityID)
		if err != nil {
			return lists, err
		}
		if lists.Banned, err = compile("bannedWords", home.Settings.BannedWords); err != nil {
			return lists, err
		}
		lists.Alert, err = compile("alertWords", home.Settings.AlertWords)
		return lists, err
	})
}

// Check returns Invalid "banned_words" for a text with a banned word. Its details name the
// word if the caller is the author.
func (l Lists) Check(text string, isAuthor bool) error {
	word, found := l.Banned.Find(text)
	if !found {
		return nil
	}
	refused := errs.New(errs.Invalid, "banned_words", "The text has a word that this community does not allow. Change the text.")
	if !isAuthor {
		return refused
	}
	return refused.WithDetails(map[string]any{"word": word})
}

// compile leaves out entries without a letter or a digit, which match nothing.
func compile(field string, entries []string) (*words.List, error) {
	return words.NewList(field, slices.DeleteFunc(slices.Clone(entries), func(one string) bool { return words.Tokens(one) == "" }))
}
