package job

import (
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/text"
)

// Storage is the size of the stored files of a community. A file of several jobs
// counts once.
type Storage struct {
	CommunityID string
	Files       int64
	UsedBytes   int64
	QuotaBytes  int64 // 0: none
}

// Full reports whether further files are rejected.
func (s Storage) Full() bool { return s.QuotaBytes > 0 && s.UsedBytes >= s.QuotaBytes }

// QuotaError is the Conflict storage_quota_reached.
func (s Storage) QuotaError() error {
	return errs.New(errs.Conflict, "storage_quota_reached", "The stored files of this community use %s of %s. Wait until old jobs expire, or ask the operator of the server for more storage.",
		text.Size(s.UsedBytes), text.Size(s.QuotaBytes))
}
