BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0005');
CREATE TABLE asked (
	"key" VARCHAR(120) NOT NULL, 
	platform VARCHAR(40) NOT NULL, 
	user VARCHAR(100) NOT NULL, 
	server VARCHAR(100), 
	place VARCHAR(200) NOT NULL, 
	payload JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	answered_at DATETIME, 
	message VARCHAR(100), holder VARCHAR(64), 
	CONSTRAINT pk_asked PRIMARY KEY ("key")
);
INSERT INTO "asked" VALUES('message:1','discord','ann','club','42','{"text": "pink hair"}','2026-12-01 07:37:49.336542','2026-12-01 07:37:49.355852','m1',NULL);
INSERT INTO "asked" VALUES('message:2','discord','ann','club','42','{"text": "glasses"}','2026-12-01 07:37:49.363562',NULL,NULL,'gone');
CREATE TABLE audit (
	id INTEGER NOT NULL, 
	server_id INTEGER, 
	platform VARCHAR(40) NOT NULL, 
	actor VARCHAR(100) NOT NULL, 
	action VARCHAR(60) NOT NULL, 
	target VARCHAR(100), 
	reason TEXT, 
	details JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (id), 
	CONSTRAINT fk_audit_server_id FOREIGN KEY(server_id) REFERENCES server (id) ON DELETE CASCADE
);
INSERT INTO "audit" VALUES(1,1,'discord','mod','block','ben',NULL,'{}','2026-12-01 07:37:49.469081');
CREATE TABLE block (
	id INTEGER NOT NULL, 
	server_id INTEGER NOT NULL, 
	member VARCHAR(100) NOT NULL, 
	until DATETIME, 
	reason TEXT, 
	actor VARCHAR(100) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_block PRIMARY KEY (id), 
	CONSTRAINT fk_block_server_id FOREIGN KEY(server_id) REFERENCES server (id) ON DELETE CASCADE, 
	CONSTRAINT uq_block_server_id_member UNIQUE (server_id, member)
);
INSERT INTO "block" VALUES(1,1,'ben',NULL,'spam','mod','2026-12-01 07:37:49.457282');
CREATE TABLE conversation (
	id INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	place VARCHAR(200) NOT NULL, 
	head_id INTEGER, 
	updated_at DATETIME NOT NULL, server VARCHAR(100), 
	CONSTRAINT pk_conversation PRIMARY KEY (id), 
	CONSTRAINT fk_conversation_head_id FOREIGN KEY(head_id) REFERENCES edit (id) ON DELETE SET NULL, 
	CONSTRAINT fk_conversation_user_id FOREIGN KEY(user_id) REFERENCES user (id) ON DELETE CASCADE, 
	CONSTRAINT uq_conversation_user_id_place UNIQUE (user_id, place)
);
INSERT INTO "conversation" VALUES(1,1,'42',2,'2026-12-01 07:37:49.320834','club');
CREATE TABLE cursor (
	platform VARCHAR(40) NOT NULL, 
	place VARCHAR(200) NOT NULL, 
	message VARCHAR(100) NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_cursor PRIMARY KEY (platform, place)
);
INSERT INTO "cursor" VALUES('discord','42','7','2026-12-01 07:37:49.377030');
CREATE TABLE delta (
	id INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	dtype VARCHAR(16) NOT NULL, 
	shape JSON NOT NULL, 
	data BLOB NOT NULL, 
	CONSTRAINT pk_delta PRIMARY KEY (id), 
	CONSTRAINT fk_delta_user_id FOREIGN KEY(user_id) REFERENCES user (id) ON DELETE CASCADE, 
	CONSTRAINT uq_delta_user_id_sha256 UNIQUE (user_id, sha256)
);
INSERT INTO "delta" VALUES(1,1,'5465fab0c0b77d9cb9508332b55a6b9e074dfd2d71e812bbdd941543e09ca063','float16','[4]',X'70696E6B20686169');
INSERT INTO "delta" VALUES(2,1,'dbdfc401468c0c1648811726629cafb2f99fe1277e93c96bf4e73a6308cdd1cc','float16','[4]',X'676C617373657320');
CREATE TABLE edit (
	id INTEGER NOT NULL, 
	conversation_id INTEGER NOT NULL, 
	source_id INTEGER NOT NULL, 
	parent_id INTEGER, 
	redo_id INTEGER, 
	number INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	picture_id INTEGER NOT NULL, 
	adjustments JSON NOT NULL, 
	effects JSON NOT NULL, 
	created_at DATETIME NOT NULL, job VARCHAR(64), 
	CONSTRAINT pk_edit PRIMARY KEY (id), 
	CONSTRAINT fk_edit_conversation_id FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE, 
	CONSTRAINT fk_edit_parent_id FOREIGN KEY(parent_id) REFERENCES edit (id) ON DELETE SET NULL, 
	CONSTRAINT fk_edit_picture_id FOREIGN KEY(picture_id) REFERENCES picture (id) ON DELETE CASCADE, 
	CONSTRAINT fk_edit_redo_id FOREIGN KEY(redo_id) REFERENCES edit (id) ON DELETE SET NULL, 
	CONSTRAINT fk_edit_source_id FOREIGN KEY(source_id) REFERENCES source (id) ON DELETE CASCADE, 
	CONSTRAINT uq_edit_source_id_number UNIQUE (source_id, number)
);
INSERT INTO "edit" VALUES(1,1,1,NULL,2,0,'',1,'[]','[]','2026-12-01 07:37:49.205692','job-source');
INSERT INTO "edit" VALUES(2,1,1,1,3,1,'pink hair',2,'[{"prompt": "pink hair", "strength": 1.0, "delta": "5465fab0c0b77d9cb9508332b55a6b9e074dfd2d71e812bbdd941543e09ca063"}]','[{"prompt": "pink hair", "verdict": "done"}]','2026-12-01 07:37:49.259472','job-1');
INSERT INTO "edit" VALUES(3,1,1,2,NULL,2,'glasses',3,'[{"prompt": "pink hair", "strength": 1.0, "delta": "5465fab0c0b77d9cb9508332b55a6b9e074dfd2d71e812bbdd941543e09ca063"}, {"prompt": "glasses", "strength": 1.0, "delta": "dbdfc401468c0c1648811726629cafb2f99fe1277e93c96bf4e73a6308cdd1cc"}]','[]','2026-12-01 07:37:49.282014','job-2');
CREATE TABLE face (
	id INTEGER NOT NULL, 
	source_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	latent_dtype VARCHAR(16) NOT NULL, 
	latent_shape JSON NOT NULL, 
	latent BLOB NOT NULL, 
	tuning BLOB, 
	details JSON NOT NULL, 
	CONSTRAINT pk_face PRIMARY KEY (id), 
	CONSTRAINT fk_face_source_id FOREIGN KEY(source_id) REFERENCES source (id) ON DELETE CASCADE, 
	CONSTRAINT uq_face_source_id_number UNIQUE (source_id, number)
);
INSERT INTO "face" VALUES(1,1,1,'float16','[2, 3]',X'000000000000000000000000',NULL,'{"fidelity": {}}');
CREATE TABLE job (
	id VARCHAR(64) NOT NULL, 
	conversation_id INTEGER NOT NULL, 
	request JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_job PRIMARY KEY (id), 
	CONSTRAINT fk_job_conversation_id FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE
);
INSERT INTO "job" VALUES('interrupted',1,'{"text": "a beard", "kept": false, "base": 2}','2026-12-01 07:37:49.329703');
CREATE TABLE message (
	id INTEGER NOT NULL, 
	platform VARCHAR(40) NOT NULL, 
	outside_id VARCHAR(100) NOT NULL, 
	edit_id INTEGER NOT NULL, place VARCHAR(100), 
	CONSTRAINT pk_message PRIMARY KEY (id), 
	CONSTRAINT fk_message_edit_id FOREIGN KEY(edit_id) REFERENCES edit (id) ON DELETE CASCADE, 
	CONSTRAINT uq_message_platform_outside_id UNIQUE (platform, outside_id)
);
INSERT INTO "message" VALUES(1,'discord','m1',2,'42');
CREATE TABLE picture (
	id INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	media_type VARCHAR(40) NOT NULL, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_picture PRIMARY KEY (id), 
	CONSTRAINT fk_picture_user_id FOREIGN KEY(user_id) REFERENCES user (id) ON DELETE CASCADE, 
	CONSTRAINT uq_picture_user_id_sha256 UNIQUE (user_id, sha256)
);
INSERT INTO "picture" VALUES(1,1,'b6864edf273b0d661bfc9b47fff2a0f5e2e9e6d7bb76c8e0fa871eb76b14b23d','image/png',8,8,'2026-12-01 07:37:49.188838');
INSERT INTO "picture" VALUES(2,1,'2dabd364013897cccceb7b1526cffb689610f8202cff6b4a8c387525982ad437','image/png',8,8,'2026-12-01 07:37:49.247147');
INSERT INTO "picture" VALUES(3,1,'44f53bd737577450478c9be340f9bc77938f17c3df08ccdaf99144425dce9412','image/png',8,8,'2026-12-01 07:37:49.280993');
CREATE TABLE secret (
	id INTEGER NOT NULL, 
	value VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_secret PRIMARY KEY (id)
);
INSERT INTO "secret" VALUES(1,'8fe0a7bf01271077c17b5184953aa23d8e849efd3ab4fef15555a6c36ff19686');
CREATE TABLE server (
	id INTEGER NOT NULL, 
	platform VARCHAR(40) NOT NULL, 
	outside_id VARCHAR(100) NOT NULL, 
	settings JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_server PRIMARY KEY (id), 
	CONSTRAINT uq_server_platform_outside_id UNIQUE (platform, outside_id)
);
INSERT INTO "server" VALUES(1,'discord','club','{"language": null, "bundle": null, "visible_mark": true, "require_consent": false, "require_spoilers": false, "open_buttons": false, "others_avatars": false, "log_channel": null, "refused_words": [], "channels_allowed": [], "channels_denied": [], "age_restricted_only": false, "quota_per_day": null, "role_quotas": {}, "cooldown_seconds": 0.0, "retention_days": null, "forget_leavers": false, "paused": false, "drained_at": null}','2026-12-01 07:37:49.414234');
CREATE TABLE source (
	id INTEGER NOT NULL, 
	conversation_id INTEGER NOT NULL, 
	picture_id INTEGER NOT NULL, 
	bundle VARCHAR(100) NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	latent_dtype VARCHAR(16) NOT NULL, 
	latent_shape JSON NOT NULL, 
	latent BLOB NOT NULL, 
	details JSON NOT NULL, 
	created_at DATETIME NOT NULL, tuning BLOB, 
	CONSTRAINT pk_source PRIMARY KEY (id), 
	CONSTRAINT fk_source_conversation_id FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE, 
	CONSTRAINT fk_source_picture_id FOREIGN KEY(picture_id) REFERENCES picture (id) ON DELETE CASCADE
);
INSERT INTO "source" VALUES(1,1,1,'tiny','f00d','float16','[2, 3]',X'000102030405060708090A0B','{"fidelity": {"psnr": 30.0}, "faces": 2}','2026-12-01 07:37:49.190351',X'74756E6564');
CREATE TABLE user (
	id INTEGER NOT NULL, 
	platform VARCHAR(40) NOT NULL, 
	outside_id VARCHAR(100) NOT NULL, 
	created_at DATETIME NOT NULL, locale VARCHAR(20), consented_at DATETIME, 
	CONSTRAINT pk_user PRIMARY KEY (id), 
	CONSTRAINT uq_user_platform_outside_id UNIQUE (platform, outside_id)
);
INSERT INTO "user" VALUES(1,'discord','ann','2026-12-01 07:37:49.152554','zh-CN','2026-01-02 03:04:05.000000');
CREATE INDEX ix_job_conversation_id ON job (conversation_id);
CREATE INDEX ix_source_conversation_id ON source (conversation_id);
CREATE INDEX ix_edit_conversation_id ON edit (conversation_id);
CREATE INDEX ix_edit_parent_id ON edit (parent_id);
CREATE INDEX ix_message_edit_id ON message (edit_id);
CREATE UNIQUE INDEX ix_edit_job ON edit (job);
CREATE INDEX ix_asked_answered_at ON asked (answered_at);
CREATE INDEX ix_asked_platform_user_created_at ON asked (platform, user, created_at);
CREATE INDEX ix_audit_server_id_id ON audit (server_id, id);
CREATE INDEX ix_conversation_server ON conversation (server);
COMMIT;
