package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/api"
	activityapi "github.com/regulars/regulars/internal/api/activity"
	authapi "github.com/regulars/regulars/internal/api/auth"
	automationapi "github.com/regulars/regulars/internal/api/automation"
	badgeapi "github.com/regulars/regulars/internal/api/badge"
	blockapi "github.com/regulars/regulars/internal/api/block"
	bulkapi "github.com/regulars/regulars/internal/api/bulk"
	channelapi "github.com/regulars/regulars/internal/api/channel"
	directapi "github.com/regulars/regulars/internal/api/direct"
	eventapi "github.com/regulars/regulars/internal/api/event"
	fieldapi "github.com/regulars/regulars/internal/api/field"
	gamificationapi "github.com/regulars/regulars/internal/api/gamification"
	keyapi "github.com/regulars/regulars/internal/api/key"
	ledgerapi "github.com/regulars/regulars/internal/api/ledger"
	limitapi "github.com/regulars/regulars/internal/api/limit"
	messageapi "github.com/regulars/regulars/internal/api/message"
	milestoneapi "github.com/regulars/regulars/internal/api/milestone"
	moderationapi "github.com/regulars/regulars/internal/api/moderation"
	noteapi "github.com/regulars/regulars/internal/api/note"
	realtimeapi "github.com/regulars/regulars/internal/api/realtime"
	reportapi "github.com/regulars/regulars/internal/api/report"
	roleapi "github.com/regulars/regulars/internal/api/role"
	serverapi "github.com/regulars/regulars/internal/api/server"
	userapi "github.com/regulars/regulars/internal/api/user"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/live"
	"github.com/regulars/regulars/internal/message/delivery"
	"github.com/regulars/regulars/internal/sqldb"
)

// listFeatures lists the features, lowest layer first. A new feature adds its
// line here. The names and types of a feature need no constructed services.
func (p *Services) listFeatures() []feature.Feature {
	return []feature.Feature{
		{Name: "files", Sweeps: []func(context.Context) error{p.sweepUploads, p.sweepOrphans}},
		{Name: "idempotency", Sweeps: []func(context.Context) error{p.Once.Sweep}},
		{Name: "ratelimit", Sweeps: []func(context.Context) error{p.Counts.Sweep}},
		{Name: "event", Sweeps: []func(context.Context) error{p.sweepEvents}, EraseMembers: event.EraseMembers},
		p.Mail.Feature(),
		p.Communities.Feature(),
		p.Accounts.Feature(),
		p.Access.Feature(),
		p.Fields.Feature(),
		p.Members.Feature(),
		p.FieldChanges.Feature(),
		p.Moderation.Feature(),
		p.Ownership.Feature(),
		p.Notes.Feature(),
		p.LedgerActs.Feature(),
		p.Chain.Feature(),
		p.Blocks.Feature(),
		p.Presence.Feature(),
		p.Chat.Feature(),
		p.Conversations.Feature(),
		p.Messages.Feature(),
		p.Posts.Feature(),
		p.Changes.Feature(),
		p.Reactions.Feature(),
		p.Lists.Feature(),
		p.Reports.Feature(),
		p.Topics.Feature(),
		delivery.Feature(p.Messages),
		p.ReadStates.Feature(),
		p.Economy.Feature(),
		p.Rules.Feature(),
		p.Tiers.Feature(),
		p.Badges.Feature(),
		p.Awards.Feature(),
		p.Applications.Feature(),
		p.Milestones.Feature(),
		p.Completions.Feature(),
		p.Bulk.Feature(),
		p.Stats.Feature(),
		p.Automations.Feature(),
		p.Firings.Feature(),
		live.Feature(),
		p.Installation.Feature(),
	}
}

// apiLimits are the limits and signals of a server that areas of the API need.
type apiLimits struct {
	uploads  *httpx.Uploads
	streams  *httpx.Streams
	stopping <-chan struct{}
	bulk     bulkapi.Limits
	rates    []feature.Limit
}

// apiAreas lists the areas of the API, in the order of the document.
func (p *Services) apiAreas(l apiLimits) []api.Area {
	return []api.Area{
		authapi.New(p.Access, p.Accounts, p.Members),
		keyapi.New(p.Access, p.Accounts),
		bulkapi.New(bulkapi.Deps{
			Clock: p.clock, Log: p.log, Access: p.Access, Communities: p.Communities, Bulk: p.Bulk, Files: p.Files, Counts: p.Counts,
			Streams: l.streams, Uploads: l.uploads, Stopping: l.stopping, Limits: l.bulk,
		}),
		serverapi.New(p.Access, p.Communities, p.Members, p.Moderation, p.Ownership),
		moderationapi.New(p.Moderation),
		roleapi.New(p.Access, p.Members),
		channelapi.New(p.Chat, p.ReadStates),
		blockapi.New(p.Blocks),
		directapi.New(p.Conversations, p.ReadStates),
		messageapi.New(messageapi.Services{Posts: p.Posts, Changes: p.Changes, Lists: p.Lists, Reactions: p.Reactions, Topics: p.Topics}),
		reportapi.New(p.Reports),
		badgeapi.New(badgeapi.Services{Badges: p.Badges, Awards: p.Awards, Applications: p.Applications}),
		milestoneapi.New(p.Milestones, p.Completions),
		automationapi.New(automationapi.Services{Automations: p.Automations, Firings: p.Firings}),
		limitapi.New(append(collect(p.features, func(f feature.Feature) []feature.Limit { return f.Limits }), l.rates...)),
		userapi.New(p.Access, p.Members),
		noteapi.New(p.Notes),
		ledgerapi.New(p.LedgerActs, p.Chain),
		activityapi.New(p.Activity),
		gamificationapi.New(gamificationapi.Services{Rules: p.Rules, Tiers: p.Tiers}),
		fieldapi.New(p.Fields, p.Members, p.FieldChanges),
		eventapi.New(eventapi.Deps{Access: p.Access, Events: p.Events, Types: EventTypes(), Streams: l.streams, Stopping: l.stopping}),
		realtimeapi.New(p.Live),
	}
}

// EventTypes returns the types of events of all features, which need no services.
func EventTypes() []event.Type {
	return collect((&Services{}).listFeatures(), func(f feature.Feature) []event.Type { return f.Events })
}

// collect returns the parts of all features.
func collect[T any](features []feature.Feature, parts func(feature.Feature) []T) (list []T) {
	for _, f := range features {
		list = append(list, parts(f)...)
	}
	return list
}

func (p *Services) sweepEvents(ctx context.Context) error { return p.Events.Sweep(ctx) }

func (p *Services) registerJobs() {
	for _, f := range p.features {
		if f.Jobs != nil {
			f.Jobs(p.Jobs)
		}
	}
	jobs.Register(p.Jobs, p.sweep)
}

// EraseMembers is a roster.Eraser of all features. Higher layers, which may refer
// to lower ones, are first.
func (p *Services) EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	return feature.EraseMembers(ctx, tx, communityID, memberIDs, p.features)
}

// eraseRemoved is EraseMembers for members that the undo of an import removes.
func (p *Services) eraseRemoved(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	forgotten := slices.DeleteFunc(slices.Clone(p.features), func(f feature.Feature) bool { return f.KeptByUndo })
	return feature.EraseMembers(ctx, tx, communityID, memberIDs, forgotten)
}

// EraseContent is a roster.ContentEraser of all features, in the order of EraseMembers.
func (p *Services) EraseContent(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) (done bool, err error) {
	for _, f := range slices.Backward(p.features) {
		if f.EraseContent != nil {
			if done, err = f.EraseContent(ctx, tx, communityID, memberIDs); err != nil || !done {
				return false, err
			}
		}
	}
	return true, nil
}

// eraseCommunity is a community.Eraser of all features, in the order of
// EraseMembers.
func (p *Services) eraseCommunity(ctx context.Context, tx *sqldb.Tx, communityID string) (done bool, err error) {
	for _, f := range slices.Backward(p.features) {
		if f.EraseCommunity != nil {
			if done, err = f.EraseCommunity(ctx, tx, communityID); err != nil || !done {
				return false, err
			}
		}
	}
	return true, nil
}

// sweepArgs are the arguments of the job that deletes expired data.
type sweepArgs struct{}

// Kind is the kind of the job.
func (sweepArgs) Kind() string { return "app.sweep" }

func (p *Services) sweep(ctx context.Context, _ *jobs.Job, _ sweepArgs) error {
	var failures []error
	for _, f := range slices.Backward(p.features) {
		for _, sweep := range f.Sweeps {
			failures = append(failures, sweep(ctx))
		}
	}
	return errors.Join(failures...)
}

// uploadTimeout is the time without a byte after which an unfinished upload
// counts as abandoned by a crash.
const uploadTimeout = 24 * time.Hour

func (p *Services) sweepUploads(ctx context.Context) error {
	_, err := p.Files.Sweep(ctx, p.clock.Now().Add(-uploadTimeout))
	return err
}
