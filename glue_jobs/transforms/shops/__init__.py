"""Order lines of shop systems and warehouses, in the form that the marts are made of."""
