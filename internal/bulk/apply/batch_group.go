package apply

import (
	"errors"
	"maps"
	"strings"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/member"
)

// batchGroup has several batches of new members, written by one transaction in
// the order of the keys. A page of an index that members of several batches
// share is then written once. The unique keys prove that all members are new and
// distinct, so the order of the rows does not matter. Otherwise the transaction
// is rolled back, and the file is read again from there in single batches.
type batchGroup struct {
	tags        map[string]string // that the batches were planned with
	declines    member.Declines   // that the batches were planned with
	members     member.Packed
	identifiers []member.Identifier
	batches     []outcome.Batch
	counts      outcome.Counts
	hidden      job.Hidden
}

// errGroupConflict means that a group must be read again as single batches.
var errGroupConflict = errors.New("the batch group has existing members")

// groupBatches is the maximum number of full batches of a group.
const groupBatches = 8

// groupBytes limits a group of very long rows.
const groupBytes = 12 << 20

func (c *batchGroup) full(rows int64) bool {
	return c.counts.Read >= rows || c.members.Bytes() >= groupBytes
}

// canJoin reports whether a batch can be part of a group.
func (p *batch) canJoin(open *batch) bool {
	if len(p.Rows) == 0 || p.plan == nil || !p.plan.OnlyNew() {
		return false
	}
	return open == nil || maps.Equal(open.group.tags, p.plan.Tags()) && open.group.declines == p.plan.Declines
}

// add packs the plan of a batch. The rows of the batch are no longer used.
func (c *batchGroup) add(communityID string, p *batch) error {
	w := p.plan.Writes()
	c.members.Add(communityID, w.Members)
	for _, held := range w.SetIdentifiers {
		held.Key = strings.Clone(held.Key) // do not retain the record of the row
		c.identifiers = append(c.identifiers, held)
	}
	done, err := outcome.NewBatch(p.number, p.plan.Records(p.Rows), p.plan.Counts)
	c.batches = append(c.batches, done)
	c.counts.AddAll(p.plan.Counts)
	c.hidden.Add(p.hidden())
	p.plan = nil
	return err
}
