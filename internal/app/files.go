package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/app/health"
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/blob/s3"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/outage"
)

// openStore returns the configured storage of files: folder, or a bucket.
func openStore(s config.StorageConfig, folder *blob.Dir, outages *outage.Log) (blob.Store, error) {
	if s.FilesURL == "" {
		return folder, nil
	}
	return openBucket(s, s.FilesURL, outages)
}

func openBucket(s config.StorageConfig, address string, outages *outage.Log) (*s3.Bucket, error) {
	c, err := s3.ParseURL(address)
	if err != nil {
		return nil, err
	}
	c.Key, c.Secret, c.Outages = s.FilesKey, s.FilesSecret, outages
	return s3.Open(c)
}

// checkFiles asks the storage service for a file that does not exist.
func (p *Services) checkFiles(ctx context.Context) (health.Finding, error) {
	if !p.Files.Shared() {
		return health.Finding{}, nil
	}
	file, err := p.Files.Open(ctx, id.New(p.clock.Now()))
	if err == nil {
		err = file.Close()
	}
	return storageFinding(err), nil
}

// maxSkew is the difference of clocks that doctor accepts. S3 refuses requests
// signed 15 minutes before or after its own time.
const maxSkew = time.Minute

// checkFileRights writes, reads, lists and deletes a file, and compares the clocks.
func (p *Services) checkFileRights(ctx context.Context) (health.Finding, error) {
	bucket, ok := p.Files.(*s3.Bucket)
	if !ok {
		return health.Finding{}, nil
	}
	if err := blob.Probe(ctx, p.Files); err != nil {
		return storageFinding(err), nil
	}
	skew, err := bucket.ClockSkew(ctx)
	if err == nil && skew.Abs() > maxSkew {
		return health.Failing("The clock of this machine differs from that of the file storage by %s.", skew.Round(time.Second).String()).
			WithRemedy("Set the clock by a time server."), nil
	}
	return storageFinding(err), nil
}

// checkFileReads reads a file as a client does that is sent to the storage service.
func (p *Services) checkFileReads(ctx context.Context, pages string) (health.Finding, error) {
	bucket, ok := p.Files.(*s3.Bucket)
	if !ok || bucket.ReadOrigin() == "" {
		return health.Finding{}, nil
	}
	if strings.HasPrefix(pages, "https:") && strings.HasPrefix(bucket.ReadOrigin(), "http:") {
		return health.Failing("Pages use HTTPS, but browsers read pictures from the file storage without it.").
			WithRemedy("Use an endpoint with https, or reads=server in REGULARS_FILES_URL."), nil
	}
	err := bucket.CheckReads(ctx)
	if err == nil || errs.Is(err, "files_unavailable") || errors.Is(err, context.DeadlineExceeded) {
		return storageFinding(err), nil
	}
	f := health.Failing("Browsers cannot read pictures from the file storage as they should.").WithRemedy("Correct the bucket, or use reads=server in REGULARS_FILES_URL.")
	f.Detail = err.Error() + "."
	return f, nil
}

// storageFinding is the finding of an error of the storage service.
func storageFinding(err error) health.Finding {
	switch {
	case err == nil || errs.Is(err, "file_not_found"):
		return health.Finding{}
	case errs.Is(err, "files_unavailable"):
		f := health.Failing("The file storage does not answer.").WithRemedy("Check its address and that it runs.")
		f.Detail = fmt.Sprint(errors.Unwrap(errs.From(err)))
		return f
	case errors.Is(err, context.DeadlineExceeded):
		return health.Failing("The file storage does not answer.").WithRemedy("Check its address and that it runs.")
	}
	f := health.Failing("The file storage refuses requests.").WithRemedy("Check the bucket, the access key and its rights to read, write, list and delete.")
	f.Detail = err.Error()
	return f
}

type moveFilesCommand struct {
	From   string `required:"" placeholder:"URL" help:"Where the files are: disk, or the address of a bucket as in REGULARS_FILES_URL."`
	To     string `required:"" placeholder:"URL" help:"Where they go: disk, or the address of a bucket."`
	Delete bool   `help:"Delete each file from the old place once it is in the new one. Only while no server runs that uses the old place."`
}

// Run copies the files that the new place does not have, so it can be repeated
// after an interruption and while a server runs.
func (c moveFilesCommand) Run(sh *shell) (err error) {
	if c.From == c.To {
		return errors.New("--from and --to are the same place")
	}
	folder, err := blob.Open(sh.store.FilesDir())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	from, err := openPlace(sh.store, folder, c.From)
	if err != nil {
		return err
	}
	to, err := openPlace(sh.store, folder, c.To)
	if err != nil {
		return err
	}
	m := blob.Transfer{From: from, To: to, Delete: c.Delete, Report: func(m *blob.Transfer) {
		fmt.Fprintf(sh.stderr, "%d files copied, %d were there\n", m.Copied, m.Present)
	}}
	if err := m.Run(sh.ctx); err != nil {
		fmt.Fprintf(sh.stderr, "Stopped after %d files. Run the command again to continue.\n", m.Copied+m.Present)
		return err
	}
	_, err = fmt.Fprintf(sh.stdout, "Copied %d files (%d bytes); %d were there already.\n", m.Copied, m.Bytes, m.Present)
	return err
}

// openPlace returns a place of the command: disk or a bucket.
func openPlace(s config.StorageConfig, folder *blob.Dir, place string) (blob.Store, error) {
	if place == "disk" {
		return folder, nil
	}
	return openBucket(s, place, nil)
}
