package bulk_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
)

// limit returns the fixture with other limits.
func (f *fixture) limit(limits bulk.Limits) {
	f.Helper()
	now := clock.At(func() time.Time { return clock.Clock{}.Now().Add(f.late) })
	log := slog.New(slog.NewTextHandler(f.Output(), nil))
	f.engine = jobs.New(f.db, now, log, jobs.EngineOptions{})
	f.bulk = bulk.New(bulk.Deps{DB: f.db, Files: f.files, Scratch: f.files, Access: f.auth, Members: f.members, Mail: f.mail, Clock: now, Log: log, Limits: limits}, f.engine)
}

const oneMember = "First Name,Last Name,Username,Email\nAda,Lovelace,ada,ada@example.com\n"

func TestParallelUploadsDoNotExceedTheQuota(t *testing.T) {
	each(t, func(f *fixture) {
		const room = 5
		f.limit(bulk.Limits{StorageBytes: room*int64(len(oneMember)) + 1})
		inputs := make([]upload, 20)
		for i := range inputs {
			inputs[i] = f.input(bulk.Import, oneMember, bulk.Options{})
		}
		var accepted, refused atomic.Int32
		var all sync.WaitGroup
		for i, in := range inputs {
			all.Go(func() {
				var err error
				if i%2 == 0 {
					_, err = f.startUpload(f.Context(), in)
				} else {
					_, err = f.stage(f.Context(), in)
				}
				switch {
				case err == nil:
					accepted.Add(1)
				case errs.Is(err, "storage_quota_reached") && errs.KindOf(err) == errs.Conflict && bulk.Refused(err):
					refused.Add(1)
				default:
					f.Error(err)
				}
			})
		}
		all.Wait()
		if accepted.Load() != room || refused.Load() != 20-room {
			f.Errorf("%d accepted and %d refused, want %d accepted", accepted.Load(), refused.Load(), room)
		}
		use, err := f.bulk.StorageOf(f.Context(), command, f.community)
		f.ok(err)
		if use.Files != room || use.UsedBytes != room*int64(len(oneMember)) || use.Full() {
			f.Errorf("used %+v", use)
		}
		if err := f.bulk.CheckStorage(f.Context(), command, f.community, int64(len(oneMember))); !errs.Is(err, "storage_quota_reached") {
			f.Errorf("checked before the upload: %v", err)
		}
	})
}

func TestASweptFileFreesItsShareOfTheQuota(t *testing.T) {
	each(t, func(f *fixture) {
		f.limit(bulk.Limits{StorageBytes: int64(len(oneMember))})
		staged, err := f.stage(f.Context(), f.input(bulk.Import, oneMember, bulk.Options{}))
		f.ok(err)
		// A dry run and the import of the same file count once.
		plan, err := f.bulk.StartDraft(f.Context(), command, f.community, staged.ID, true)
		f.ok(err)
		f.work(plan)
		applied, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, "")
		f.ok(err)
		f.work(applied)
		all, err := f.bulk.Storages(f.Context(), actor.Actor{Kind: actor.Command})
		f.ok(err)
		if len(all) != 1 || all[0].Files != 1 || all[0].UsedBytes != int64(len(oneMember)) || !all[0].Full() {
			f.Errorf("used %+v", all)
		}
		again := f.input(bulk.Import, oneMember, bulk.Options{})
		if _, err := f.startUpload(f.Context(), again); !errs.Is(err, "storage_quota_reached") {
			f.Errorf("beyond the quota: %v", err)
		}
		f.late = 91 * 24 * time.Hour
		f.ok(f.bulk.Sweep(f.Context()))
		if _, err := f.startUpload(f.Context(), again); err != nil {
			f.Errorf("after the sweep: %v", err)
		}
	})
}

// workbook is a workbook of one member with so many KiB of other texts.
func workbook(t testing.TB, kibibytes int) string {
	t.Helper()
	var shared, cells strings.Builder
	for i, text := range strings.Split(strings.TrimSpace(strings.ReplaceAll(oneMember, "\n", ",")), ",")[:8] {
		shared.WriteString("<si><t>" + text + "</t></si>")
		if i == 4 {
			cells.WriteString("</row><row>")
		}
		fmt.Fprintf(&cells, `<c t="s"><v>%d</v></c>`, i)
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same texts every time
	for range kibibytes {
		fmt.Fprintf(&shared, "<si><t>%016x%s</t></si>", random.Uint64(), strings.Repeat("0", 990))
	}
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for name, content := range map[string]string{
		"[Content_Types].xml":        "<Types/>",
		"xl/workbook.xml":            `<workbook><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   "<worksheet><sheetData><row>" + cells.String() + "</row></sheetData></worksheet>",
		"xl/sharedStrings.xml":       "<sst>" + shared.String() + "</sst>",
	} {
		w, err := archive.Create(name)
		if err == nil {
			_, err = w.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestOpenCompressedFilesAreLimited(t *testing.T) {
	each(t, func(f *fixture) {
		f.limit(bulk.Limits{FilesAtOnce: 1, FilesWait: time.Millisecond})
		staged, err := f.stage(f.Context(), f.input(bulk.Import, workbook(t, 1), bulk.Options{}))
		f.ok(err)
		job, err := f.startUpload(f.Context(), f.input(bulk.Import, workbook(t, 1), bulk.Options{}))
		f.ok(err)
		release := f.bulk.AcquireAllSlots()
		for name, open := range map[string]func() error{
			"an upload": func() error {
				_, err := f.startUpload(f.Context(), f.input(bulk.Import, workbook(t, 1), bulk.Options{}))
				return err
			},
			"an upload in gzip": func() error {
				_, err := f.startUpload(f.Context(), f.input(bulk.Import, wholeGzip(oneMember), bulk.Options{}))
				return err
			},
			"a file of the wizard": func() error {
				_, err := f.stage(f.Context(), f.input(bulk.Import, workbook(t, 1), bulk.Options{}))
				return err
			},
		} {
			if err := open(); !errs.Is(err, "files_busy") || !bulk.Refused(err) {
				f.Errorf("%s: %v", name, err)
			}
		}
		if _, err := f.bulk.Draft(f.Context(), command, f.community, staged.ID); !errs.Is(err, "files_busy") {
			f.Errorf("the preview of a file: %v", err)
		}
		// A plain text needs no slot, nor does a job.
		_, err = f.startUpload(f.Context(), f.input(bulk.Import, oneMember, bulk.Options{}))
		f.ok(err)
		done := f.work(job)
		f.want(done, bulk.Completed, 1, 0, 0, 0, 0)
		if _, _, err := f.bulk.Details(f.Context(), command, f.community, job.JobID, bulk.DetailFilter{}); !errs.Is(err, "files_busy") {
			f.Errorf("the rows of a job: %v", err)
		}
		release()
		if n := len(f.details(done, bulk.DetailFilter{})); n != 1 || f.bulk.SlotsInUse() != 0 {
			f.Errorf("%d rows, %d places are taken", n, f.bulk.SlotsInUse())
		}
	})
}

// slowClient runs a function at the first write.
type slowClient struct {
	io.Writer
	meanwhile func()
}

func (s *slowClient) Write(p []byte) (int, error) {
	if s.meanwhile != nil {
		s.meanwhile()
		s.meanwhile = nil
	}
	return s.Writer.Write(p)
}

func TestSlowDownloadOfFailedRowsOccupiesNoSlot(t *testing.T) {
	each(t, func(f *fixture) {
		f.limit(bulk.Limits{FilesAtOnce: 1, FilesWait: time.Millisecond})
		text := oneMember + "Bob,Builder,bob,not an address\n"
		done := f.run(bulk.Import, wholeGzip(text), bulk.Options{})
		f.want(done, bulk.CompletedWithErrors, 1, 0, 0, 0, 1)
		var file strings.Builder
		client := &slowClient{Writer: &file, meanwhile: func() {
			if n := len(f.details(done, bulk.DetailFilter{})); n != 2 {
				f.Errorf("%d rows beside the download", n)
			}
		}}
		f.ok(f.bulk.WriteFailed(f.Context(), command, f.community, done.JobID, bulk.CSV, bulk.ErrorFilter{}, client))
		if client.meanwhile != nil || !strings.Contains(file.String(), "Bob,Builder,bob,not an address") || f.bulk.SlotsInUse() != 0 {
			f.Errorf("%q, %d places are taken", file.String(), f.bulk.SlotsInUse())
		}
	})
}

// leaving is the context of a client that leaves after some reads.
type leaving struct {
	context.Context
	looks atomic.Int32
}

func (l *leaving) Err() error {
	if l.looks.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

func TestTheInspectionOfAFileEndsWhenItsClientLeaves(t *testing.T) {
	each(t, func(f *fixture) {
		f.limit(bulk.Limits{FilesAtOnce: 1})
		for name, start := range map[string]func(context.Context, upload) error{
			"upload": func(ctx context.Context, in upload) error { _, err := f.startUpload(ctx, in); return err },
			"wizard": func(ctx context.Context, in upload) error { _, err := f.stage(ctx, in); return err },
		} {
			in := f.input(bulk.Import, workbook(t, 32<<10), bulk.Options{})
			ctx := &leaving{Context: f.Context()}
			ctx.looks.Store(20)
			if err := start(ctx, in); !errors.Is(err, context.Canceled) || !bulk.Refused(err) {
				f.Errorf("%s: %v", name, err)
			}
			if looks := ctx.looks.Load(); looks < -20 {
				f.Errorf("%s: the file was read on for %d reads", name, -looks)
			}
		}
		if f.bulk.SlotsInUse() != 0 {
			f.Error("the place is still taken")
		}
	})
}

func TestAPackedFileUnpacksToTheSettingAtMost(t *testing.T) {
	each(t, func(f *fixture) {
		f.limit(bulk.Limits{MaxUnpacked: 1 << 20})
		for name, text := range map[string]string{"a workbook": workbook(t, 2<<10), "a workbook in gzip": wholeGzip(workbook(t, 2<<10))} {
			if _, err := f.startUpload(f.Context(), f.input(bulk.Import, text, bulk.Options{})); !errs.Is(err, "zip_bomb") {
				f.Errorf("%s: %v", name, err)
			}
		}
	})
}
