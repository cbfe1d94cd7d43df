package api

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/member"
)

var createUsers = []actor.Permission{access.PermCreateUser}

type givenField struct {
	Field string `json:"fieldIdorName" example:"loyalty-number" doc:"The _id, database name or name of a user field; phone, country and language too."`
	Value any    `json:"value" doc:"A value of the field's type."`
}

type newUser struct {
	Body struct {
		CommunityID     string       `json:"communityId,omitempty" doc:"Needed with a session of several memberships."`
		ServerID        string       `json:"serverId,omitempty" doc:"The same by another name."`
		FirstName       string       `json:"firstname" example:"Ada" doc:"1 to 50 characters."`
		LastName        string       `json:"lastname" example:"Lovelace" doc:"1 to 50 characters."`
		Username        string       `json:"username" example:"ada" doc:"2 to 50 characters: letters, digits and . _ -; unique."`
		DisplayName     string       `json:"displayname,omitempty" example:"Ada L." doc:"At most 50 characters."`
		Email           string       `json:"email" example:"ada@example.com" doc:"Unique."`
		Password        string       `json:"password,omitempty" doc:"Checked (at least 10 characters, one of them special) and not kept: only the person chooses the password of an account, with forgot-password or the link of the welcome mail."`
		ConfirmPassword string       `json:"confirmPassword,omitempty" doc:"The password again."`
		AccessLevel     string       `json:"accessLevel,omitempty" example:"VIP" doc:"Title or _id of a role that does not allow more than you may give."`
		JoinServer      *bool        `json:"joinServer,omitempty" doc:"false: the account is in no list and causes no events until the person joins."`
		EmailPassword   bool         `json:"emailPassword,omitempty" doc:"Mail the person a link to accept the membership and to choose a password."`
		SendEmail       bool         `json:"sendEmail,omitempty" doc:"Mail the person that they are a member."`
		EmailTemplate   string       `json:"emailTemplate,omitempty" doc:"Taken and not used: there is one mail of welcome, in the person's language."`
		CustomFields    []givenField `json:"customFields,omitempty" maxItems:"500"`
		Referral        string       `json:"referral,omitempty" doc:"Through whom the person came; at most 200 characters."`
		ExternalID      string       `json:"externalId,omitempty" example:"CRM-1042" doc:"What another system calls the person, unique in the community; external:CRM-1042 names them then."`
	} `nameHint:"NewUser"`
}

func (in *newUser) newcomer() member.Newcomer {
	b := &in.Body
	n := member.Newcomer{
		FirstName: b.FirstName, LastName: b.LastName, DisplayName: b.DisplayName, Username: b.Username, Email: b.Email,
		Password: b.Password, Confirm: b.ConfirmPassword, Role: b.AccessLevel, Ahead: b.JoinServer != nil && !*b.JoinServer,
		Referral: b.Referral, ExternalID: b.ExternalID, Welcome: b.SendEmail, MailPassword: b.EmailPassword,
	}
	for _, f := range b.CustomFields {
		n.Fields = append(n.Fields, member.FieldValue{Field: f.Field, Value: f.Value})
	}
	return n
}

func (a *API) createUser(ctx context.Context, in *newUser) (*answer[user], error) {
	ctx, err := a.intoBody(ctx, createUsers, in.Body.CommunityID, in.Body.ServerID)
	if err != nil {
		return nil, err
	}
	made, err := a.Members.Create(ctx, actor.FromContext(ctx), here(ctx), in.newcomer())
	if err != nil {
		return nil, err
	}
	names, err := a.naming(ctx, made)
	if err != nil {
		return nil, err
	}
	return respond("User created successfully", names.user(made)), nil
}
