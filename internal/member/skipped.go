package member

// Skipped are members that a job on many members skipped, because the database
// rejects their new rows.
type Skipped struct {
	Count int64    `json:"count"`
	First []string `json:"first"` // up to mostSkippedIDs of their ids
}

const mostSkippedIDs = 20

// Add counts members.
func (s *Skipped) Add(ids []string) {
	s.Count += int64(len(ids))
	s.First = append(s.First, ids[:min(len(ids), mostSkippedIDs-len(s.First))]...)
}
