"""edits know the job that made them"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("edit", sa.Column("job", sa.String(length=64), nullable=True))
    op.create_index("ix_edit_job", "edit", ["job"], unique=True)
