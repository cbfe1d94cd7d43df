package httpx

import (
	"sync"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/text"
)

// UploadLimits bound the uploads that are under way at a time; 0: no limit.
type UploadLimits struct {
	PerAccount      int   // uploads of one account or API key
	PerAddress      int   // uploads from one network address
	BytesPerAccount int64 // bytes of them, declared or received
	BytesPerAddress int64
}

// Uploads counts the uploads of one node. It may be used by many at once; a nil
// one limits nothing.
type Uploads struct {
	limits UploadLimits
	mu     sync.Mutex
	counts map[uploader]*underway
}

// uploader is an account or an address.
type uploader struct {
	account bool
	name    string
}

type underway struct {
	uploads int
	bytes   int64
}

// NewUploads returns Uploads with these limits.
func NewUploads(limits UploadLimits) *Uploads {
	return &Uploads{limits: limits, counts: map[uploader]*underway{}}
}

// Upload is one upload that is under way. It is used by one goroutine.
type Upload struct {
	of    *Uploads
	who   []uploader
	bytes int64 // counted so far
}

// retryUploads is when an upload may find a place.
const retryUploads = 2 * time.Second

// Begin counts an upload of an account, "" for none, from an address, with the
// bytes it declares; less than 0: unknown. Over a limit it counts nothing and
// fails with Limited "rate_limited". The caller calls End.
func (u *Uploads) Begin(account, address string, declared int64) (*Upload, error) {
	if u == nil {
		return nil, nil //nolint:nilnil // a nil Upload counts nothing
	}
	one := &Upload{of: u}
	for _, who := range []uploader{{true, account}, {false, address}} {
		if who.name != "" {
			one.who = append(one.who, who)
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, who := range one.who {
		if err := u.check(who, max(declared, 0)); err != nil {
			return nil, err
		}
	}
	one.bytes = max(declared, 0)
	for _, who := range one.who {
		if u.counts[who] == nil {
			u.counts[who] = &underway{}
		}
		u.counts[who].uploads++
		u.counts[who].bytes += one.bytes
	}
	return one, nil
}

func (u *Uploads) check(who uploader, bytes int64) error {
	most, mostBytes := u.limits.PerAddress, u.limits.BytesPerAddress
	if who.account {
		most, mostBytes = u.limits.PerAccount, u.limits.BytesPerAccount
	}
	now := underway{}
	if found := u.counts[who]; found != nil {
		now = *found
	}
	if most > 0 && now.uploads >= most {
		return tooManyUploads(who, most)
	}
	return overBytes(who, now.bytes+bytes, mostBytes)
}

func tooManyUploads(who uploader, most int) error {
	if who.account {
		return errs.New(errs.Limited, "rate_limited", "Too many uploads: at most %d of one account at a time. Wait until one has ended.", most).WithRetry(retryUploads)
	}
	return errs.New(errs.Limited, "rate_limited", "Too many uploads: at most %d from one address at a time. Wait until one has ended.", most).WithRetry(retryUploads)
}

func overBytes(who uploader, bytes, most int64) error {
	switch {
	case most <= 0 || bytes <= most:
		return nil
	case who.account:
		return errs.New(errs.Limited, "rate_limited", "Too many bytes: the uploads of one account have at most %s at a time. Wait until one has ended.", text.Size(most)).WithRetry(retryUploads)
	}
	return errs.New(errs.Limited, "rate_limited", "Too many bytes: the uploads from one address have at most %s at a time. Wait until one has ended.", text.Size(most)).WithRetry(retryUploads)
}

// Received counts the bytes beyond the declared ones when so many have come. It
// fails like Begin.
func (one *Upload) Received(total int64) error {
	if one == nil || total <= one.bytes {
		return nil
	}
	u := one.of
	u.mu.Lock()
	defer u.mu.Unlock()
	more := total - one.bytes
	for _, who := range one.who {
		most := u.limits.BytesPerAddress
		if who.account {
			most = u.limits.BytesPerAccount
		}
		if err := overBytes(who, u.counts[who].bytes+more, most); err != nil {
			return err
		}
	}
	for _, who := range one.who {
		u.counts[who].bytes += more
	}
	one.bytes = total
	return nil
}

// End counts the upload no longer. Further calls do nothing.
func (one *Upload) End() {
	if one == nil {
		return
	}
	one.of.mu.Lock()
	defer one.of.mu.Unlock()
	for _, who := range one.who {
		now := one.of.counts[who]
		now.uploads--
		now.bytes -= one.bytes
		if now.uploads == 0 {
			delete(one.of.counts, who)
		}
	}
	one.who = nil
}
