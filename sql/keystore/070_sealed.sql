-- Copyright (C) the Pupil authors
--
-- The sealer asks which tenants have people whose keys are here, and not only
-- which the data database lists.
--
-- compatible_from: 10

-- As the operator, outside of any tenant: which there are, and which there were.
CREATE POLICY any_tenant ON keystore.size FOR SELECT TO pupil_operator
    USING ((SELECT NULLIF(current_setting('pupil.tenant', true), '')) IS NULL);
CREATE POLICY any_tenant ON keystore.gone FOR SELECT TO pupil_operator
    USING ((SELECT NULLIF(current_setting('pupil.tenant', true), '')) IS NULL);
