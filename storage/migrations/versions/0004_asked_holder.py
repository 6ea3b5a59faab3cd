"""what is asked knows who answers it"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("asked", sa.Column("holder", sa.String(length=64), nullable=True))
