package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/idempotency"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/ratelimit"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
)

// Services are the storage and the features, shared by the server and the
// commands.
type Services struct {
	DB          *sqldb.DB
	Keys        *seal.Keyring // nil if keyErr is set
	Files       *blob.Dir
	Jobs        *jobs.Engine // not started
	Once        *idempotency.Store
	Counts      *ratelimit.Counter
	Mail        *mail.Mail
	Communities *community.Communities
	Pictures    *media.Library
	Fields      *field.Fields
	Members     *member.Members
	Accounts    *account.Accounts
	Access      *access.Access
	Chat        *chat.Chat
	Bulk        *bulk.Bulk

	baseURL string // address of the server, set once it listens
	clock   clock.Clock
	log     *slog.Logger
	keyErr  error // the secret key does not match the database: only reading is safe
}

// openServices opens the files, opens and migrates the database, and constructs
// the features. node is the node id of a server, "" for a command. Callers that
// write check keyErr first.
func openServices(ctx context.Context, c Config, now clock.Clock, log *slog.Logger, node string) (*Services, error) {
	if err := checkDataDir(c.StorageConfig); err != nil {
		return nil, err
	}
	p := &Services{clock: now, log: log}
	var err error
	if p.Files, err = blob.Open(c.filesDir()); err != nil {
		return nil, err
	}
	p.Files.SetMinFree(c.MinFreeMiB << 20)
	if p.DB, err = sqldb.Open(ctx, c.address(), c.options()); err != nil {
		return nil, errors.Join(err, p.Files.Close())
	}
	if err := checkOwnDatabase(ctx, p.DB); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if err := p.DB.Migrate(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if err := p.openKeyring(ctx, c.StorageConfig); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	p.Jobs = jobs.New(p.DB, now, log, jobs.EngineOptions{
		Workers: c.Workers, Lease: c.Lease, NodeID: node,
		ReclaimAll: node != "" && p.DB.Dialect() == sqldb.SQLite, // the lock on the data folder guarantees a single server
	})
	if err := p.assemble(c); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// assemble constructs the features, lowest layer first.
func (p *Services) assemble(c Config) (err error) {
	now, log := p.clock, p.log
	p.Once, p.Counts = idempotency.New(p.DB, now), ratelimit.New(p.DB, now)
	if p.Mail, err = mail.New(mail.Deps{DB: p.DB, Jobs: p.Jobs, Clock: now, Log: log, Keys: p.Keys, SMTPURL: c.SMTPURL, From: c.MailFrom, PerHour: c.PerHour, UnconfirmedPerHour: c.StrangersPerHour}); err != nil {
		return err
	}
	p.Communities = community.New(p.DB, now)
	p.Communities.SetRules(c.rules())
	p.Fields = field.New(p.DB, now)
	p.Members = member.New(p.DB, now)
	p.Communities.OnCreate(p.Members.Found)
	p.Communities.OnChange(member.CheckJoining)
	p.Communities.OnChange(member.CheckLogo)
	p.Communities.OnErase(member.EraseMemberships)
	p.Accounts = account.New(account.Deps{
		DB: p.DB, Clock: now, Log: log, Keys: p.Keys, Mail: p.Mail, Closed: c.Registration == "closed", BaseURL: p.url, Provider: c.SignInConfig.provider(),
		AssignedUsername: member.Memberships{}.GivenName, LimitSession: access.LimitedSessions(member.Memberships{}, now), RevokeKeys: access.RevokeUserKeys,
		ChangeHooks: []account.ChangeHook{p.Members.Follow},
	})
	p.Access = access.New(access.Deps{DB: p.DB, Accounts: p.Accounts, Communities: p.Communities, Memberships: member.Memberships{}, Clock: now, Log: log, BaseURL: p.url})
	p.Pictures = media.New(p.DB, p.Files, now)
	p.Members.Connect(member.Connections{Access: p.Access, Accounts: p.Accounts, Mail: p.Mail, BaseURL: p.url, Pictures: p.Pictures, Retention: c.retention(), Log: log})
	p.Accounts.RegisterJobs(p.Jobs)
	p.Chat = chat.New(chat.Deps{DB: p.DB, Access: p.Access, Members: p.Members, Clock: now})
	p.Members.OnErase(chat.EraseMembers)
	p.Members.TakeRoles(p.Jobs)
	p.Members.RemoveTags(p.Jobs)
	p.Members.RegisterTransfers(p.Jobs)
	p.Bulk = bulk.New(bulk.Deps{
		DB: p.DB, Files: p.Files, Members: p.Members, Mail: p.Mail, BaseURL: p.url, Clock: now, Log: log,
		Limits: bulk.Limits{
			PieceRows: c.BulkBatchRows, Keep: time.Duration(c.BulkRetentionDays) * 24 * time.Hour,
			MaxUnpacked: c.UnpackedMiB << 20, FilesAtOnce: c.FilesAtOnce, FilesWait: c.FilesWait, StorageBytes: c.CommunityFilesMiB << 20,
			DryRuns: c.DryRunMiB << 20,
		},
	}, p.Jobs)
	p.Members.OnErase(p.Bulk.Withhold)
	p.Members.WorkFields(p.Jobs)
	jobs.Register(p.Jobs, p.sweep)
	return nil
}

// url is the address of the server without a trailing slash; "" before it
// listens, and in commands.
func (p *Services) url() string { return p.baseURL }

// Close closes the database and the files. Stop the engine before.
func (p *Services) Close() error { return errors.Join(p.DB.Close(), p.Files.Close()) }

// sweepArgs are the arguments of the job that deletes expired data.
type sweepArgs struct{}

// Kind is the kind of the job.
func (sweepArgs) Kind() string { return "app.sweep" }

// uploadTimeout is the time without a byte after which an unfinished upload
// counts as abandoned by a crash.
const uploadTimeout = 24 * time.Hour

func (p *Services) sweep(ctx context.Context, _ *jobs.Job, _ sweepArgs) error {
	_, err := p.Files.Sweep(p.clock.Now().Add(-uploadTimeout))
	return errors.Join(err, p.Bulk.Sweep(ctx), p.Accounts.Sweep(ctx), p.Access.Sweep(ctx), p.Once.Sweep(ctx), p.Counts.Sweep(ctx), p.Mail.Sweep(ctx), p.Communities.Sweep(ctx), p.Members.Sweep(ctx), p.sweepOrphans(ctx))
}
