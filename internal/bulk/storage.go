package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Storage is what the kept files of a community take. Jobs and drafts that
// share a file count it once.
type Storage struct {
	CommunityID string
	Files       int64
	UsedBytes   int64
	QuotaBytes  int64 // 0: none
}

// Full reports whether no further file is accepted.
func (s Storage) Full() bool { return s.QuotaBytes > 0 && s.UsedBytes >= s.QuotaBytes }

// StorageOf returns what the kept files of a community take.
func (b *Bulk) StorageOf(ctx context.Context, communityID string) (Storage, error) {
	return b.storageOf(ctx, b.db, communityID)
}

func (b *Bulk) storageOf(ctx context.Context, q sqldb.Querier, communityID string) (Storage, error) {
	s, err := selectStorage(ctx, q, communityID)
	s.QuotaBytes = b.limits.StorageBytes
	return s, err
}

// Storages returns what the kept files of each community take, the most first.
// Communities without a file are left out.
func (b *Bulk) Storages(ctx context.Context) ([]Storage, error) {
	all, err := selectStorages(ctx, b.db)
	for i := range all {
		all[i].QuotaBytes = b.limits.StorageBytes
	}
	return all, err
}

// CheckStorage fails with Conflict "storage_quota_reached" if a file of at
// least so many bytes is too much for the community, so that it need not be
// received. Start and Stage decide.
func (b *Bulk) CheckStorage(ctx context.Context, communityID string, bytes int64) error {
	if b.limits.StorageBytes <= 0 {
		return nil
	}
	s, err := b.StorageOf(ctx, communityID)
	if err == nil && s.UsedBytes+max(bytes, 1) > s.QuotaBytes {
		err = s.reached()
	}
	return err
}

func (s Storage) reached() error {
	return errs.New(errs.Conflict, "storage_quota_reached", "The kept files of this community take %s of %s. Wait until old jobs expire, or ask the operator of the server for more.",
		text.Size(s.UsedBytes), text.Size(s.QuotaBytes))
}

// reserve counts the file of a job or draft that is about to be inserted in tx
// against the quota of its community. Reservations of a community exclude each
// other until their transactions end.
func (b *Bulk) reserve(ctx context.Context, tx *sqldb.Tx, j *job) error {
	if b.limits.StorageBytes <= 0 {
		return nil
	}
	if err := tx.LockExclusive(ctx, "bulk_storage:"+j.CommunityID); err != nil {
		return err
	}
	s, err := b.storageOf(ctx, tx, j.CommunityID)
	if err == nil && s.UsedBytes+j.FileSize > s.QuotaBytes {
		err = s.reached()
	}
	return err
}
