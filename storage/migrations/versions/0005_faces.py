"""pictures may have a tuning, and more than one face"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source", sa.Column("tuning", sa.LargeBinary(), nullable=True))
    op.create_table(
        "face",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("latent_dtype", sa.String(length=16), nullable=False),
        sa.Column("latent_shape", sa.JSON(), nullable=False),
        sa.Column("latent", sa.LargeBinary(), nullable=False),
        sa.Column("tuning", sa.LargeBinary(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_face_source_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_face"),
        sa.UniqueConstraint("source_id", "number", name="uq_face_source_id_number"),
    )
