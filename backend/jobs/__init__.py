"""Everything around RQ: the embedded Redis, the doorbell, the schedule, the workers and the supervisor.

The queue is a doorbell: it wakes a worker and is allowed to forget. Who is due, retries and "wanted again" are
rows in the database; exclusion is the database lease. So an emptied Redis costs one cycle and nothing else.
"""
