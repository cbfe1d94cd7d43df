package httpx

import (
	"sync"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/text"
)

// UploadLimits bound concurrent uploads; 0 means no limit.
type UploadLimits struct {
	PerAccount      int   // uploads of one account or API key
	PerAddress      int   // uploads from one network address
	BytesPerAccount int64 // declared or received, whichever is larger
	BytesPerAddress int64
}

// Uploads counts the concurrent uploads of one node. It is safe for concurrent
// use; a nil Uploads has no limits.
type Uploads struct {
	limits UploadLimits
	mu     sync.Mutex
	usage  map[client]*usage
}

// client is an account, or else an address.
type client struct {
	account bool
	name    string
}

type usage struct {
	uploads int
	bytes   int64
}

// NewUploads returns Uploads with these limits.
func NewUploads(limits UploadLimits) *Uploads {
	return &Uploads{limits: limits, usage: map[client]*usage{}}
}

// Upload is one upload in progress. It is not safe for concurrent use.
type Upload struct {
	uploads *Uploads
	clients []client
	bytes   int64 // counted so far
}

// retryUploads is the suggested delay of a rejected upload.
const retryUploads = 2 * time.Second

// Begin counts an upload of an account ("" if anonymous) from an address with a
// declared size (negative if unknown). Over a limit it counts nothing and fails
// with Limited "rate_limited". The caller must call End.
func (u *Uploads) Begin(account, address string, declared int64) (*Upload, error) {
	if u == nil {
		return nil, nil //nolint:nilnil // methods accept a nil Upload
	}
	up := &Upload{uploads: u}
	for _, c := range []client{{true, account}, {false, address}} {
		if c.name != "" {
			up.clients = append(up.clients, c)
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, c := range up.clients {
		if err := u.check(c, max(declared, 0)); err != nil {
			return nil, err
		}
	}
	up.bytes = max(declared, 0)
	for _, c := range up.clients {
		if u.usage[c] == nil {
			u.usage[c] = &usage{}
		}
		u.usage[c].uploads++
		u.usage[c].bytes += up.bytes
	}
	return up, nil
}

func (u *Uploads) check(c client, bytes int64) error {
	limit, limitBytes := u.limits.PerAddress, u.limits.BytesPerAddress
	if c.account {
		limit, limitBytes = u.limits.PerAccount, u.limits.BytesPerAccount
	}
	var now usage
	if current := u.usage[c]; current != nil {
		now = *current
	}
	if limit > 0 && now.uploads >= limit {
		return tooManyUploads(c, limit)
	}
	return overBytes(c, now.bytes+bytes, limitBytes)
}

func tooManyUploads(c client, limit int) error {
	if c.account {
		return errs.New(errs.Limited, "rate_limited", "Too many uploads: at most %d per account at a time. Wait until one has finished.", limit).WithRetry(retryUploads)
	}
	return errs.New(errs.Limited, "rate_limited", "Too many uploads: at most %d per address at a time. Wait until one has finished.", limit).WithRetry(retryUploads)
}

func overBytes(c client, bytes, limit int64) error {
	switch {
	case limit <= 0 || bytes <= limit:
		return nil
	case c.account:
		return errs.New(errs.Limited, "rate_limited", "Too much data: uploads of one account are limited to %s at a time. Wait until one has finished.", text.Size(limit)).WithRetry(retryUploads)
	}
	return errs.New(errs.Limited, "rate_limited", "Too much data: uploads from one address are limited to %s at a time. Wait until one has finished.", text.Size(limit)).WithRetry(retryUploads)
}

// Received counts the bytes beyond the declared size, given the total received so
// far. It fails like Begin.
func (up *Upload) Received(total int64) error {
	if up == nil || total <= up.bytes {
		return nil
	}
	u := up.uploads
	u.mu.Lock()
	defer u.mu.Unlock()
	more := total - up.bytes
	for _, c := range up.clients {
		limit := u.limits.BytesPerAddress
		if c.account {
			limit = u.limits.BytesPerAccount
		}
		if err := overBytes(c, u.usage[c].bytes+more, limit); err != nil {
			return err
		}
	}
	for _, c := range up.clients {
		u.usage[c].bytes += more
	}
	up.bytes = total
	return nil
}

// End removes the upload from the counts. It may be called more than once.
func (up *Upload) End() {
	if up == nil {
		return
	}
	up.uploads.mu.Lock()
	defer up.uploads.mu.Unlock()
	for _, c := range up.clients {
		now := up.uploads.usage[c]
		now.uploads--
		now.bytes -= up.bytes
		if now.uploads == 0 {
			delete(up.uploads.usage, c)
		}
	}
	up.clients = nil
}
