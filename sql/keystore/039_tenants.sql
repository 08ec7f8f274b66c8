-- Copyright (C) the Pupil authors
--
-- A data database that was restored does not have the tenants that came since,
-- and their erasures count in its mark, too.
--
-- compatible_from: 10

-- As the operator, outside of any tenant: whose entries there are.
CREATE POLICY any_tenant ON keystore.ledger FOR SELECT TO pupil_operator
    USING ((SELECT NULLIF(current_setting('pupil.tenant', true), '')) IS NULL);
