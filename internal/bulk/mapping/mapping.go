// Package mapping stores the fields that the columns of a file had, and offers them
// for the next file with the same header.
package mapping

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// Saved is a stored mapping.
type Saved struct {
	Type      job.Type
	Fields    map[string]*string // by field.HeaderKey; nil: the column is not imported
	Options   job.Options        // of what the values mean; Values by field.HeaderKey
	DraftID   string             // that was checked with it
	ActorName string             // of the person; "": erased
	UsedAt    int64              // Unix milliseconds
}

// mostSaved is the maximum number of mappings of a community. The oldest are
// removed.
const mostSaved = 200

// Save stores the mapping of the job that checks a draft, with the import options of
// the draft.
func Save(ctx context.Context, tx *sqldb.Tx, j, draft *job.Job, header []string) error {
	hash := hashOf(header)
	if hash == "" {
		return nil
	}
	fields := map[string]*string{}
	for name, target := range j.Options.Mapping {
		fields[field.HeaderKey(name)] = target
	}
	s := Saved{Type: j.Type, Fields: fields, DraftID: draft.ID, ActorName: j.ActorName, UsedAt: j.CreatedAt}
	s.Options.SetMeaning(draft.Options)
	for name, texts := range draft.Options.Values {
		if s.Options.Values == nil {
			s.Options.Values = source.Values{}
		}
		s.Options.Values[field.HeaderKey(name)] = texts
	}
	if err := upsert(ctx, tx, j.CommunityID, hash, j.Actor, &s); err != nil {
		return err
	}
	return deleteOldest(ctx, tx, j.CommunityID, mostSaved)
}

// Load returns the mapping of the latest file with a header; nil without one.
func Load(ctx context.Context, q sqldb.Querier, communityID string, header []string) (*Saved, error) {
	hash := hashOf(header)
	if hash == "" {
		return nil, nil
	}
	s, err := load(ctx, q, communityID, hash)
	if errs.KindOf(err) == errs.NotFound {
		return nil, nil
	}
	return &s, err
}

// For returns the mapping of a header, and the names of the columns of fields
// that exist no more.
func (s *Saved) For(header []string, d *source.Dictionary) (mapping map[string]*string, dropped []string) {
	mapping = map[string]*string{}
	for _, name := range header {
		target, known := s.Fields[field.HeaderKey(name)]
		if !known || strings.TrimSpace(name) == "" {
			continue
		}
		if target != nil {
			if _, known := d.Known(name, source.NewMapping(map[string]*string{name: target})); !known {
				dropped = append(dropped, name)
				continue
			}
		}
		mapping[name] = target
	}
	return mapping, dropped
}

// Apply sets the type and the options of a draft to those of the mapping.
func (s *Saved) Apply(j *job.Job, mapping map[string]*string, values source.Values) {
	j.Type, j.Options.Mapping, j.Options.Values = s.Type, mapping, values
	j.Options.SetMeaning(s.Options)
}

// hashOf returns the hash of the names of the columns in any order; "" without
// names.
func hashOf(header []string) string {
	var keys []string
	for _, name := range header {
		if key := field.HeaderKey(name); key != "" && !source.IsErrorColumn(name) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return ""
	}
	slices.Sort(keys)
	sum := sha256.Sum256([]byte(strings.Join(keys, "\n")))
	return hex.EncodeToString(sum[:16])
}
